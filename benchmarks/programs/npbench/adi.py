"""Alternating-direction implicit heat solver: tridiagonal solves along columns, then along rows (polybench)."""

import numpy as np

from ...lazy import jnp, lax

SIZES = {"tiny": {"N": 6, "TSTEPS": 3}, "S": {"N": 100, "TSTEPS": 5}, "M": {"N": 200, "TSTEPS": 20}}
SLOWER = (
    "the columns of a sweep are a stride apart, as for vadv; JAX's form solves all rows of a transposed array at once"
)
WRT = (1,)


def make(N, TSTEPS):
    rng = np.random.default_rng(0)
    return TSTEPS, rng.random((N, N)), rng.standard_normal((N, N))


def _coefficients(N, TSTEPS):
    mul1 = 2.0 / TSTEPS * (N * N)
    mul2 = 1.0 / TSTEPS * (N * N)
    return -mul1 / 2.0, 1.0 + mul2, -mul2 / 2.0, 1.0 + mul2


def kernel(TSTEPS, u):
    N = u.shape[0]
    a, b, d, e = _coefficients(N, TSTEPS)
    c, g = a, d
    v = np.empty_like(u)
    p = np.empty_like(u)
    q = np.empty_like(u)
    for _ in range(1, TSTEPS + 1):
        v[0, 1 : N - 1] = 1.0
        p[1 : N - 1, 0] = 0.0
        q[1 : N - 1, 0] = v[0, 1 : N - 1]
        for j in range(1, N - 1):
            p[1 : N - 1, j] = -c / (a * p[1 : N - 1, j - 1] + b)
            q[1 : N - 1, j] = (
                -d * u[j, 0 : N - 2] + (1.0 + 2.0 * d) * u[j, 1 : N - 1] - g * u[j, 2:N] - a * q[1 : N - 1, j - 1]
            ) / (a * p[1 : N - 1, j - 1] + b)
        v[N - 1, 1 : N - 1] = 1.0
        for j in range(N - 2, 0, -1):
            v[j, 1 : N - 1] = p[1 : N - 1, j] * v[j + 1, 1 : N - 1] + q[1 : N - 1, j]

        u[1 : N - 1, 0] = 1.0
        p[1 : N - 1, 0] = 0.0
        q[1 : N - 1, 0] = u[1 : N - 1, 0]
        for j in range(1, N - 1):
            p[1 : N - 1, j] = -g / (d * p[1 : N - 1, j - 1] + e)
            q[1 : N - 1, j] = (
                -a * v[0 : N - 2, j] + (1.0 + 2.0 * a) * v[1 : N - 1, j] - c * v[2:N, j] - d * q[1 : N - 1, j - 1]
            ) / (d * p[1 : N - 1, j - 1] + e)
        u[1 : N - 1, N - 1] = 1.0
        for j in range(N - 2, 0, -1):
            u[1 : N - 1, j] = p[1 : N - 1, j] * u[1 : N - 1, j + 1] + q[1 : N - 1, j]


def f(TSTEPS, u, w):
    kernel(TSTEPS, u)
    return np.sum(u * w)


def jax_literal(TSTEPS, u, w):
    N = u.shape[0]
    a, b, d, e = _coefficients(N, TSTEPS)
    c, g = a, d
    inner = slice(1, N - 1)

    def down_u(j, state):
        p, q, u = state
        bottom = a * p[inner, j - 1] + b
        new_q = -d * u[j, 0 : N - 2] + (1.0 + 2.0 * d) * u[j, inner] - g * u[j, 2:N] - a * q[inner, j - 1]
        return p.at[inner, j].set(-c / bottom), q.at[inner, j].set(new_q / bottom), u

    def up_v(k, state):
        v, p, q = state
        j = N - 2 - k
        return v.at[j, inner].set(p[inner, j] * v[j + 1, inner] + q[inner, j]), p, q

    def down_v(j, state):
        p, q, v = state
        bottom = d * p[inner, j - 1] + e
        new_q = -a * v[0 : N - 2, j] + (1.0 + 2.0 * a) * v[inner, j] - c * v[2:N, j] - d * q[inner, j - 1]
        return p.at[inner, j].set(-g / bottom), q.at[inner, j].set(new_q / bottom), v

    def up_u(k, state):
        u, p, q = state
        j = N - 2 - k
        return u.at[inner, j].set(p[inner, j] * u[inner, j + 1] + q[inner, j]), p, q

    def step(t, state):
        u, v, p, q = state
        v = v.at[0, inner].set(1.0)
        p = p.at[inner, 0].set(0.0)
        q = q.at[inner, 0].set(v[0, inner])
        p, q, u = lax.fori_loop(1, N - 1, down_u, (p, q, u))
        v = v.at[N - 1, inner].set(1.0)
        v, p, q = lax.fori_loop(0, N - 2, up_v, (v, p, q))
        u = u.at[inner, 0].set(1.0)
        p = p.at[inner, 0].set(0.0)
        q = q.at[inner, 0].set(u[inner, 0])
        p, q, v = lax.fori_loop(1, N - 1, down_v, (p, q, v))
        u = u.at[inner, N - 1].set(1.0)
        u, p, q = lax.fori_loop(0, N - 2, up_u, (u, p, q))
        return u, v, p, q

    zero = jnp.zeros_like(u)
    return jnp.sum(lax.fori_loop(0, TSTEPS, step, (u, zero, zero, zero))[0] * w)


def jax_expert(TSTEPS, u, w):
    """Scans that carry one line; the coefficients do not depend on the data, so they are computed once."""
    N = u.shape[0]
    a, b, d, e = _coefficients(N, TSTEPS)

    def coefficients(low, middle):
        p = np.zeros(N - 1)
        for j in range(1, N - 1):
            p[j] = -low / (low * p[j - 1] + middle)
        return jnp.asarray(p[1:]), jnp.asarray(1.0 / (low * p[:-1] + middle))

    def solve(p, scale, low, rows):
        """Lines of the solution, for right-hand sides given as rows; 1 at both ends."""
        one = jnp.ones(N - 2)

        def down(q, given):
            rhs, s = given
            q = (rhs - low * q) * s
            return q, q

        def up(x, given):
            q, p = given
            x = p * x + q
            return x, x

        _, q = lax.scan(down, one, (rows, scale))
        return lax.scan(up, one, (q, p), reverse=True)[1]

    p_v, scale_v = coefficients(a, b)
    p_u, scale_u = coefficients(d, e)

    def step(u, _):
        rows = -d * u[1:-1, :-2] + (1.0 + 2.0 * d) * u[1:-1, 1:-1] - d * u[1:-1, 2:]
        inside = solve(p_v, scale_v, a, rows)
        v = jnp.pad(inside, ((1, 1), (0, 0)), constant_values=1.0)
        columns = -a * v[:-2] + (1.0 + 2.0 * a) * v[1:-1] - a * v[2:]
        inside = solve(p_u, scale_u, d, columns.T).T
        middle = jnp.pad(inside, ((0, 0), (1, 1)), constant_values=1.0)
        return jnp.concatenate([u[:1], middle, u[-1:]]), None

    return jnp.sum(lax.scan(step, u, None, length=TSTEPS)[0] * w)
