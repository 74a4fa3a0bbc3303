"""What a program asks about objects: `hasattr`, `getattr` with a default, `isinstance`, as Python answers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import pullback as pb


class Layer:
    kind = "layer"

    def __init__(self) -> None:
        self.bias = 3.0

    def forward(self, x: Any) -> Any:
        y = x * getattr(self, "scale", 2.0)
        if hasattr(self, "bias"):
            y = y + self.bias
        if isinstance(self, Layer):
            y = y * 10
        if hasattr(np.linalg, "trace") and hasattr(self, "kind") and not hasattr(x, "missing"):
            y = y + 100
        return y + getattr(self, "missing", 0.5)


@pytest.mark.parametrize("make", [lambda m: pb.jit(lambda x: m.forward(x)), lambda m: pb.jit(m.forward)])
def test_attributes_are_those_of_the_object(make: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULLBACK_BACKEND", "interp")
    layer = Layer()
    f = make(layer)
    assert f(1.5) == layer.forward(1.5)
    layer.scale = 5.0  # type: ignore[attr-defined]
    assert f(1.5) == layer.forward(1.5)
    del layer.bias
    assert f(1.5) == layer.forward(1.5)
    assert pb.grad(layer.forward)(1.5) == 50.0
