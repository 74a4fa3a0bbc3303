"""Horizontal diffusion of a weather model: limited fluxes of a Laplacian."""

import numpy as np

from ...lazy import jnp

SIZES = {
    "tiny": {"I": 3, "J": 4, "K": 5},
    "S": {"I": 64, "J": 64, "K": 60},
    "M": {"I": 128, "J": 128, "K": 160},
}
WRT = (0, 2)
DIFFERENCE_STEP = 1e-6  # the limiter has kinks nearby


def make(I, J, K):
    rng = np.random.default_rng(0)
    fields = rng.random((I + 4, J + 4, K)), np.zeros((I, J, K)), rng.random((I, J, K))
    return (*fields, rng.standard_normal((I, J, K)))


def kernel(in_field, out_field, coeff):
    I, J = out_field.shape[0], out_field.shape[1]
    lap = 4.0 * in_field[1 : I + 3, 1 : J + 3, :] - (
        in_field[2 : I + 4, 1 : J + 3, :]
        + in_field[0 : I + 2, 1 : J + 3, :]
        + in_field[1 : I + 3, 2 : J + 4, :]
        + in_field[1 : I + 3, 0 : J + 2, :]
    )
    res = lap[1:, 1 : J + 1, :] - lap[:-1, 1 : J + 1, :]
    flx = np.where((res * (in_field[2 : I + 3, 2 : J + 2, :] - in_field[1 : I + 2, 2 : J + 2, :])) > 0, 0, res)
    res = lap[1 : I + 1, 1:, :] - lap[1 : I + 1, :-1, :]
    fly = np.where((res * (in_field[2 : I + 2, 2 : J + 3, :] - in_field[2 : I + 2, 1 : J + 2, :])) > 0, 0, res)
    out_field[:, :, :] = in_field[2 : I + 2, 2 : J + 2, :] - coeff[:, :, :] * (
        flx[1:, :, :] - flx[:-1, :, :] + fly[:, 1:, :] - fly[:, :-1, :]
    )


def f(in_field, out_field, coeff, w):
    kernel(in_field, out_field, coeff)
    return np.sum(out_field * w)


def jax_literal(in_field, out_field, coeff, w):
    I, J = out_field.shape[0], out_field.shape[1]
    lap = 4.0 * in_field[1 : I + 3, 1 : J + 3, :] - (
        in_field[2 : I + 4, 1 : J + 3, :]
        + in_field[0 : I + 2, 1 : J + 3, :]
        + in_field[1 : I + 3, 2 : J + 4, :]
        + in_field[1 : I + 3, 0 : J + 2, :]
    )
    res = lap[1:, 1 : J + 1, :] - lap[:-1, 1 : J + 1, :]
    flx = jnp.where((res * (in_field[2 : I + 3, 2 : J + 2, :] - in_field[1 : I + 2, 2 : J + 2, :])) > 0, 0, res)
    res = lap[1 : I + 1, 1:, :] - lap[1 : I + 1, :-1, :]
    fly = jnp.where((res * (in_field[2 : I + 2, 2 : J + 3, :] - in_field[2 : I + 2, 1 : J + 2, :])) > 0, 0, res)
    out = in_field[2 : I + 2, 2 : J + 2, :] - coeff * (flx[1:] - flx[:-1] + fly[:, 1:] - fly[:, :-1])
    return jnp.sum(out * w)
