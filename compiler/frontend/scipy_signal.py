"""Filters and convolutions of `scipy.signal`. Imported when a program's process has `scipy.signal` imported."""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.signal

from .numpy_table import composed


@composed(scipy.signal.lfilter)
def lfilter(b: Any, a: Any, x: Any) -> Any:
    """The transposed direct form II."""
    above, below, signal = np.asarray(b) + 0.0, np.asarray(a) + 0.0, np.asarray(x) + 0.0
    dtype = np.result_type(above, below, signal)
    if signal.ndim != 1:
        raise NotImplementedError("scipy.signal.lfilter filters one signal: filter the rows of a matrix one by one")
    above, below = above / below[0], below / below[0]
    n = max(above.shape[0], below.shape[0])
    above = np.concatenate((above, np.zeros(n - above.shape[0])))
    below = np.concatenate((below, np.zeros(n - below.shape[0])))
    result = np.zeros(signal.shape[0], dtype=dtype)
    state = np.zeros(n, dtype=dtype)
    for t in range(signal.shape[0]):
        result[t] = above[0] * signal[t] + state[0]
        for k in range(1, n):
            state[k - 1] = above[k] * signal[t] + state[k] - below[k] * result[t]
    return result


def centred(full: Any, shape: tuple[int, ...], other: tuple[int, ...], mode: str) -> Any:
    """What a mode keeps of a full convolution of arrays of one or two axes."""
    if mode == "full":
        return full
    if mode not in ("same", "valid"):
        raise ValueError("acceptable mode flags are 'valid', 'same', or 'full'")
    if mode == "same":
        starts, sizes = [(m - 1) // 2 for m in other], shape
    else:
        starts = [min(n, m) - 1 for n, m in zip(shape, other, strict=True)]
        sizes = tuple([abs(n - m) + 1 for n, m in zip(shape, other, strict=True)])
    if len(shape) == 1:
        return full[starts[0] : starts[0] + sizes[0]]
    return full[starts[0] : starts[0] + sizes[0], starts[1] : starts[1] + sizes[1]]


def full_convolution(a: Any, v: Any) -> Any:
    if a.ndim == 1 and v.ndim == 1:
        return np.convolve(a, v)
    if a.ndim != 2 or v.ndim != 2:
        raise NotImplementedError("convolutions of arrays with one or with two axes are supported")
    height, width = a.shape
    total = np.zeros((height + v.shape[0] - 1, width + v.shape[1] - 1), dtype=np.result_type(a, v))
    for i in range(v.shape[0]):
        for j in range(v.shape[1]):
            total[i : i + height, j : j + width] += v[i, j] * a
    return total


@composed(scipy.signal.convolve, scipy.signal.fftconvolve, static="mode method")
def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Any:
    a, v = np.asarray(in1), np.asarray(in2)
    return centred(full_convolution(a, v), a.shape, v.shape, mode)


@composed(scipy.signal.convolve2d, static="mode boundary fillvalue")
def convolve2d(in1: Any, in2: Any, mode: str = "full", boundary: str = "fill", fillvalue: Any = 0) -> Any:
    if boundary != "fill" or fillvalue != 0:
        raise NotImplementedError("scipy.signal.convolve2d: zeros are beyond the boundary; pad the array with np.pad")
    a, v = np.asarray(in1), np.asarray(in2)
    if a.ndim != 2 or v.ndim != 2:
        raise ValueError("convolve2d inputs must both be 2-D arrays")
    return centred(full_convolution(a, v), a.shape, v.shape, mode)
