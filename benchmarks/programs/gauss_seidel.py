"""Gauss-Seidel sweeps for Laplace's equation, in place; a weighted sum of the final field."""

import functools

import numpy as np

from ..lazy import anp, jnp, lax

SIZES = {
    "tiny": {"N": 6, "T": 3},
    "S": {"N": 200, "T": 20},
    "M": {"N": 400, "T": 40},
}
WRT = (0,)
# autograd makes ten nodes for each of the T*N row updates
ONLY_SIZES = {"autograd_fn": ("tiny", "S")}


def make(N, T):
    rng = np.random.default_rng(0)
    return rng.standard_normal((N, N)), rng.standard_normal((N, N)), T


def f(u, w, T):
    n = u.shape[0]
    for _ in range(T):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
    return np.sum(u * w)


def jax_literal(u, w, T):
    """Element by element; a row at a time is carried, since carrying the field takes minutes."""
    n = u.shape[0]

    def row(i, u):
        outer = 0.25 * (u[i - 1] + u[i + 1])
        new = lax.fori_loop(1, n - 1, lambda j, r: r.at[j].set(outer[j] + 0.25 * (r[j - 1] + r[j + 1])), u[i])
        return u.at[i].set(new)

    u = lax.fori_loop(0, T, lambda t, u: lax.fori_loop(1, n - 1, row, u), u)
    return jnp.sum(u * w)


def _row_solver(n):
    """The matrix L with L[j, k] = 0.25**(j - k): solves v[j] = c[j] + 0.25 * v[j - 1] for a row at once."""
    power = np.arange(n)[:, None] - np.arange(n)[None, :]
    return np.where(power >= 0, 0.25 ** np.maximum(power, 0), 0.0)


def jax_expert(u, w, T):
    """A scan over rows; within a row the recurrence is a matrix-vector product."""
    n = u.shape[0]
    solver = jnp.asarray(_row_solver(n - 2))

    def row(above, rows):
        mid, below = rows
        c = 0.25 * (above[1:-1] + below[1:-1] + mid[2:])
        c = c.at[0].add(0.25 * mid[0])
        new = mid.at[1:-1].set(solver @ c)
        return new, new

    def sweep(u, _):
        _, inner = lax.scan(row, u[0], (u[1:-1], u[2:]))
        return u.at[1:-1].set(inner), None

    u, _ = lax.scan(sweep, u, None, length=T)
    return jnp.sum(u * w)


def autograd_fn(u, w, T):
    """autograd has no item assignment: rows in a list, the recurrence of a row as a matrix-vector product."""
    n = u.shape[0]
    solver = _row_solver(n - 2)
    rows = [u[i] for i in range(n)]
    for _ in range(T):
        for i in range(1, n - 1):
            mid = rows[i]
            c = 0.25 * (rows[i - 1][1:-1] + rows[i + 1][1:-1] + mid[2:])
            c = c + 0.25 * mid[0] * np.eye(1, n - 2)[0]
            rows[i] = anp.concatenate([mid[:1], anp.dot(solver, c), mid[-1:]])
    return anp.sum(anp.stack(rows) * w)


@functools.cache
def _compiled():
    import numba

    @numba.njit(error_model="numpy")
    def sweeps(u, T):
        n = u.shape[0]
        for _ in range(T):
            for i in range(1, n - 1):
                for j in range(1, n - 1):
                    u[i, j] = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])

    @numba.njit(error_model="numpy")
    def reverse_sweeps(a, T):
        n = a.shape[0]
        for _ in range(T):
            for i in range(n - 2, 0, -1):
                g = 0.0  # what u[i, j] gets from its right neighbour stays in a register
                right = a[i, n - 1]
                for j in range(n - 2, 0, -1):
                    g = 0.25 * (a[i, j] + g)
                    a[i, j + 1] = right + g  # the right neighbour was written: its adjoint starts anew
                    right = 0.0
                    a[i - 1, j] += g
                    a[i + 1, j] += g
                a[i, 1] = right
                a[i, 0] += g

    return sweeps, reverse_sweeps


def adjoint(u, w, T):
    """By hand, Numba."""
    sweeps, _ = _compiled()
    u = u.copy()
    sweeps(u, T)
    return np.vdot(u, w), adjoint_only(u, w, T)


def adjoint_only(u, w, T):
    """The sweeps are linear, so their reverse needs no values."""
    _, reverse_sweeps = _compiled()
    u_adj = w.copy()
    reverse_sweeps(u_adj, T)
    return (u_adj,)
