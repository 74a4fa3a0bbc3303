"""Flow in a lid-driven cavity: a pressure Poisson solver inside an explicit time loop (Barba's CFD course)."""

import numpy as np

from ...lazy import jnp, lax

SIZES = {
    "tiny": {"ny": 6, "nx": 7, "nt": 3, "nit": 2},
    "S": {"ny": 61, "nx": 61, "nt": 25, "nit": 5},
    "M": {"ny": 121, "nx": 121, "nt": 50, "nit": 10},
}
WRT = (2, 3, 4)


def make(ny, nx, nt, nit):
    rng = np.random.default_rng(0)
    u, v, p = (0.1 * rng.standard_normal((ny, nx)) for _ in range(3))
    dx, dy, dt = 2 / (nx - 1), 2 / (ny - 1), 0.1 / ((nx - 1) * (ny - 1))
    return nt, nit, u, v, p, dt, dx, dy, 1.0, 0.1, rng.standard_normal((3, ny, nx))


def build_up_b(b, rho, dt, u, v, dx, dy):
    b[1:-1, 1:-1] = rho * (
        1 / dt * ((u[1:-1, 2:] - u[1:-1, :-2]) / (2 * dx) + (v[2:, 1:-1] - v[:-2, 1:-1]) / (2 * dy))
        - ((u[1:-1, 2:] - u[1:-1, :-2]) / (2 * dx)) ** 2
        - 2 * ((u[2:, 1:-1] - u[:-2, 1:-1]) / (2 * dy) * (v[1:-1, 2:] - v[1:-1, :-2]) / (2 * dx))
        - ((v[2:, 1:-1] - v[:-2, 1:-1]) / (2 * dy)) ** 2
    )


def pressure_poisson(nit, p, dx, dy, b):
    for _ in range(nit):
        pn = p.copy()
        p[1:-1, 1:-1] = ((pn[1:-1, 2:] + pn[1:-1, :-2]) * dy**2 + (pn[2:, 1:-1] + pn[:-2, 1:-1]) * dx**2) / (
            2 * (dx**2 + dy**2)
        ) - dx**2 * dy**2 / (2 * (dx**2 + dy**2)) * b[1:-1, 1:-1]
        p[:, -1] = p[:, -2]
        p[0, :] = p[1, :]
        p[:, 0] = p[:, 1]
        p[-1, :] = 0


def kernel(nt, nit, u, v, p, dt, dx, dy, rho, nu):
    b = np.zeros_like(p)
    for _ in range(nt):
        un = u.copy()
        vn = v.copy()
        build_up_b(b, rho, dt, u, v, dx, dy)
        pressure_poisson(nit, p, dx, dy, b)
        u[1:-1, 1:-1] = (
            un[1:-1, 1:-1]
            - un[1:-1, 1:-1] * dt / dx * (un[1:-1, 1:-1] - un[1:-1, :-2])
            - vn[1:-1, 1:-1] * dt / dy * (un[1:-1, 1:-1] - un[:-2, 1:-1])
            - dt / (2 * rho * dx) * (p[1:-1, 2:] - p[1:-1, :-2])
            + nu
            * (
                dt / dx**2 * (un[1:-1, 2:] - 2 * un[1:-1, 1:-1] + un[1:-1, :-2])
                + dt / dy**2 * (un[2:, 1:-1] - 2 * un[1:-1, 1:-1] + un[:-2, 1:-1])
            )
        )
        v[1:-1, 1:-1] = (
            vn[1:-1, 1:-1]
            - un[1:-1, 1:-1] * dt / dx * (vn[1:-1, 1:-1] - vn[1:-1, :-2])
            - vn[1:-1, 1:-1] * dt / dy * (vn[1:-1, 1:-1] - vn[:-2, 1:-1])
            - dt / (2 * rho * dy) * (p[2:, 1:-1] - p[:-2, 1:-1])
            + nu
            * (
                dt / dx**2 * (vn[1:-1, 2:] - 2 * vn[1:-1, 1:-1] + vn[1:-1, :-2])
                + dt / dy**2 * (vn[2:, 1:-1] - 2 * vn[1:-1, 1:-1] + vn[:-2, 1:-1])
            )
        )
        u[0, :] = 0
        u[:, 0] = 0
        u[:, -1] = 0
        u[-1, :] = 1  # the lid moves
        v[0, :] = 0
        v[-1, :] = 0
        v[:, 0] = 0
        v[:, -1] = 0


def f(nt, nit, u, v, p, dt, dx, dy, rho, nu, w):
    kernel(nt, nit, u, v, p, dt, dx, dy, rho, nu)
    return np.sum(u * w[0]) + np.sum(v * w[1]) + np.sum(p * w[2])


def _jax_b(rho, dt, u, v, dx, dy):
    ux = (u[1:-1, 2:] - u[1:-1, :-2]) / (2 * dx)
    uy = (u[2:, 1:-1] - u[:-2, 1:-1]) / (2 * dy)
    vx = (v[1:-1, 2:] - v[1:-1, :-2]) / (2 * dx)
    vy = (v[2:, 1:-1] - v[:-2, 1:-1]) / (2 * dy)
    return rho * ((ux + vy) / dt - ux**2 - 2 * uy * vx - vy**2)


def _jax_pressure(pn, b, dx, dy):
    across = (pn[1:-1, 2:] + pn[1:-1, :-2]) * dy**2 + (pn[2:, 1:-1] + pn[:-2, 1:-1]) * dx**2
    return across / (2 * (dx**2 + dy**2)) - dx**2 * dy**2 / (2 * (dx**2 + dy**2)) * b


def _jax_transport(z, un, vn, slope, dt, dx, dy, rho, nu):
    mid = z[1:-1, 1:-1]
    return (
        mid
        - un[1:-1, 1:-1] * dt / dx * (mid - z[1:-1, :-2])
        - vn[1:-1, 1:-1] * dt / dy * (mid - z[:-2, 1:-1])
        - dt / (2 * rho) * slope
        + nu * dt / dx**2 * (z[1:-1, 2:] - 2 * mid + z[1:-1, :-2])
        + nu * dt / dy**2 * (z[2:, 1:-1] - 2 * mid + z[:-2, 1:-1])
    )


def jax_literal(nt, nit, u, v, p, dt, dx, dy, rho, nu, w):
    def poisson(q, state):
        p, b = state
        p = p.at[1:-1, 1:-1].set(_jax_pressure(p, b, dx, dy))
        p = p.at[:, -1].set(p[:, -2])
        p = p.at[0, :].set(p[1, :])
        p = p.at[:, 0].set(p[:, 1])
        return p.at[-1, :].set(0.0), b

    def step(n, state):
        u, v, p = state
        p, _ = lax.fori_loop(0, nit, poisson, (p, _jax_b(rho, dt, u, v, dx, dy)))
        px, py = (p[1:-1, 2:] - p[1:-1, :-2]) / dx, (p[2:, 1:-1] - p[:-2, 1:-1]) / dy
        un, vn = u, v
        u = u.at[1:-1, 1:-1].set(_jax_transport(un, un, vn, px, dt, dx, dy, rho, nu))
        v = v.at[1:-1, 1:-1].set(_jax_transport(vn, un, vn, py, dt, dx, dy, rho, nu))
        u = u.at[0, :].set(0.0).at[:, 0].set(0.0).at[:, -1].set(0.0).at[-1, :].set(1.0)
        v = v.at[0, :].set(0.0).at[-1, :].set(0.0).at[:, 0].set(0.0).at[:, -1].set(0.0)
        return u, v, p

    u, v, p = lax.fori_loop(0, nt, step, (u, v, p))
    return jnp.sum(u * w[0]) + jnp.sum(v * w[1]) + jnp.sum(p * w[2])


def jax_expert(nt, nit, u, v, p, dt, dx, dy, rho, nu, w):
    """Whole fields by padding instead of writes to slices."""

    def poisson(state, _):
        p, b = state
        inside = _jax_pressure(p, b, dx, dy)
        wide = jnp.pad(inside, ((0, 0), (0, 1)), mode="edge")
        # the first column of a row is the old one until the row below the rim has been copied
        top = jnp.concatenate([p[1:2, :1], wide[:1]], axis=1)
        below = jnp.concatenate([inside[:, :1], wide], axis=1)
        top = top.at[0, 0].set(top[0, 1])
        return (jnp.concatenate([top, below, jnp.zeros((1, p.shape[1]))]), b), None

    def step(state, _):
        u, v, p = state
        (p, _), _ = lax.scan(poisson, (p, _jax_b(rho, dt, u, v, dx, dy)), None, length=nit)
        px, py = (p[1:-1, 2:] - p[1:-1, :-2]) / dx, (p[2:, 1:-1] - p[:-2, 1:-1]) / dy
        new_u = jnp.pad(_jax_transport(u, u, v, px, dt, dx, dy, rho, nu), 1)
        new_v = jnp.pad(_jax_transport(v, u, v, py, dt, dx, dy, rho, nu), 1)
        return (new_u.at[-1, :].set(1.0), new_v, p), None

    (u, v, p), _ = lax.scan(step, (u, v, p), None, length=nt)
    return jnp.sum(u * w[0]) + jnp.sum(v * w[1]) + jnp.sum(p * w[2])
