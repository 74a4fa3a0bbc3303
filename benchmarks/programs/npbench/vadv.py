"""Vertical advection of a weather model: a tridiagonal solve in every column."""

import numpy as np

from ...lazy import jnp, lax

SIZES = {
    "tiny": {"I": 3, "J": 4, "K": 5},
    "S": {"I": 60, "J": 60, "K": 40},
    "M": {"I": 112, "J": 112, "K": 80},
}
WRT = (0, 1, 2, 3, 4)

BET_M = 0.5
BET_P = 0.5


def make(I, J, K):
    rng = np.random.default_rng(0)
    utens_stage, u_stage, u_pos, utens = (rng.random((I, J, K)) for _ in range(4))
    wcon = 0.1 * rng.random((I + 1, J, K))
    return utens_stage, u_stage, wcon, u_pos, utens, 3.0 / 20.0, rng.standard_normal((I, J, K))


def kernel(utens_stage, u_stage, wcon, u_pos, utens, dtr_stage):
    I, J, K = utens_stage.shape
    ccol = np.empty((I, J, K))
    dcol = np.empty((I, J, K))
    data_col = np.empty((I, J))

    gcv = 0.25 * (wcon[1:, :, 1] + wcon[:-1, :, 1])
    cs = gcv * BET_M
    ccol[:, :, 0] = gcv * BET_P
    bcol = dtr_stage - ccol[:, :, 0]
    correction = -cs * (u_stage[:, :, 1] - u_stage[:, :, 0])
    dcol[:, :, 0] = dtr_stage * u_pos[:, :, 0] + utens[:, :, 0] + utens_stage[:, :, 0] + correction
    divided = 1.0 / bcol
    ccol[:, :, 0] = ccol[:, :, 0] * divided
    dcol[:, :, 0] = dcol[:, :, 0] * divided

    for k in range(1, K - 1):
        gav = -0.25 * (wcon[1:, :, k] + wcon[:-1, :, k])
        gcv = 0.25 * (wcon[1:, :, k + 1] + wcon[:-1, :, k + 1])
        as_ = gav * BET_M
        cs = gcv * BET_M
        acol = gav * BET_P
        ccol[:, :, k] = gcv * BET_P
        bcol = dtr_stage - acol - ccol[:, :, k]
        correction = -as_ * (u_stage[:, :, k - 1] - u_stage[:, :, k]) - cs * (u_stage[:, :, k + 1] - u_stage[:, :, k])
        dcol[:, :, k] = dtr_stage * u_pos[:, :, k] + utens[:, :, k] + utens_stage[:, :, k] + correction
        divided = 1.0 / (bcol - ccol[:, :, k - 1] * acol)
        ccol[:, :, k] = ccol[:, :, k] * divided
        dcol[:, :, k] = (dcol[:, :, k] - dcol[:, :, k - 1] * acol) * divided

    gav = -0.25 * (wcon[1:, :, K - 1] + wcon[:-1, :, K - 1])
    as_ = gav * BET_M
    acol = gav * BET_P
    bcol = dtr_stage - acol
    correction = -as_ * (u_stage[:, :, K - 2] - u_stage[:, :, K - 1])
    dcol[:, :, K - 1] = dtr_stage * u_pos[:, :, K - 1] + utens[:, :, K - 1] + utens_stage[:, :, K - 1] + correction
    divided = 1.0 / (bcol - ccol[:, :, K - 2] * acol)
    dcol[:, :, K - 1] = (dcol[:, :, K - 1] - dcol[:, :, K - 2] * acol) * divided

    data_col[:] = dcol[:, :, K - 1]
    utens_stage[:, :, K - 1] = dtr_stage * (data_col - u_pos[:, :, K - 1])
    for k in range(K - 2, -1, -1):
        data_col[:] = dcol[:, :, k] - ccol[:, :, k] * data_col
        utens_stage[:, :, k] = dtr_stage * (data_col - u_pos[:, :, k])


def f(utens_stage, u_stage, wcon, u_pos, utens, dtr_stage, w):
    kernel(utens_stage, u_stage, wcon, u_pos, utens, dtr_stage)
    return np.sum(utens_stage * w)


def jax_literal(utens_stage, u_stage, wcon, u_pos, utens, dtr_stage, w):
    I, J, K = utens_stage.shape
    zero = jnp.zeros((I, J, K))
    base = dtr_stage * u_pos + utens + utens_stage

    gcv = 0.25 * (wcon[1:, :, 1] + wcon[:-1, :, 1])
    divided = 1.0 / (dtr_stage - gcv * BET_P)
    ccol = zero.at[:, :, 0].set(gcv * BET_P * divided)
    dcol = zero.at[:, :, 0].set((base[:, :, 0] - gcv * BET_M * (u_stage[:, :, 1] - u_stage[:, :, 0])) * divided)

    def down(k, state):
        ccol, dcol = state
        gav = -0.25 * (wcon[1:, :, k] + wcon[:-1, :, k])
        gcv = 0.25 * (wcon[1:, :, k + 1] + wcon[:-1, :, k + 1])
        acol, c = gav * BET_P, gcv * BET_P
        correction = -gav * BET_M * (u_stage[:, :, k - 1] - u_stage[:, :, k])
        correction -= gcv * BET_M * (u_stage[:, :, k + 1] - u_stage[:, :, k])
        divided = 1.0 / (dtr_stage - acol - c - ccol[:, :, k - 1] * acol)
        ccol = ccol.at[:, :, k].set(c * divided)
        d = base[:, :, k] + correction
        return ccol, dcol.at[:, :, k].set((d - dcol[:, :, k - 1] * acol) * divided)

    ccol, dcol = lax.fori_loop(1, K - 1, down, (ccol, dcol))
    gav = -0.25 * (wcon[1:, :, K - 1] + wcon[:-1, :, K - 1])
    acol = gav * BET_P
    d = base[:, :, K - 1] - gav * BET_M * (u_stage[:, :, K - 2] - u_stage[:, :, K - 1])
    divided = 1.0 / (dtr_stage - acol - ccol[:, :, K - 2] * acol)
    data_col = (d - dcol[:, :, K - 2] * acol) * divided
    out = zero.at[:, :, K - 1].set(dtr_stage * (data_col - u_pos[:, :, K - 1]))

    def up(n, state):
        out, data_col = state
        k = K - 2 - n
        data_col = dcol[:, :, k] - ccol[:, :, k] * data_col
        return out.at[:, :, k].set(dtr_stage * (data_col - u_pos[:, :, k])), data_col

    out, _ = lax.fori_loop(0, K - 1, up, (out, data_col))
    return jnp.sum(out * w)


def jax_expert(utens_stage, u_stage, wcon, u_pos, utens, dtr_stage, w):
    """Levels first, all coefficients at once, scans that carry one level."""
    first = (2, 0, 1)
    u, pos, wc = u_stage.transpose(first), u_pos.transpose(first), wcon.transpose(first)
    base = dtr_stage * pos + (utens + utens_stage).transpose(first)
    g = 0.25 * (wc[:, 1:] + wc[:, :-1])
    none = jnp.zeros_like(g[:1])
    below = jnp.concatenate([none, -g[1:]])  # coefficient of level k - 1
    above = jnp.concatenate([g[1:], none])  # coefficient of level k + 1
    step = jnp.concatenate([u[1:] - u[:-1], none])
    step_below = jnp.concatenate([none, u[:-1] - u[1:]])
    d = base - BET_M * (below * step_below + above * step)

    def down(state, level):
        c_before, d_before = state
        a, c, rhs = level
        divided = 1.0 / (dtr_stage - a - c - c_before * a)
        c, rhs = c * divided, (rhs - d_before * a) * divided
        return (c, rhs), (c, rhs)

    def up(x, level):
        c, rhs = level
        x = rhs - c * x
        return x, x

    start = jnp.zeros_like(g[0])
    _, (c, d) = lax.scan(down, (start, start), (below * BET_P, above * BET_P, d))
    _, x = lax.scan(up, start, (c, d), reverse=True)
    return jnp.sum(dtr_stage * (x - pos) * w.transpose(first))
