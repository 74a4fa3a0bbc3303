"""Solvers of differential equations, as people write them."""

import math
import numpy as np
from dataclasses import dataclass, field
from tests.suites.support import Cases

CASES = Cases()
rng = np.random.default_rng(0)


@CASES(np.array([1.0, 0.5]), 0.8, 1.3)
def rk45_adaptive(y0, a, b):
    def f(t, y):
        return np.array([a * y[0] - b * y[0] * y[1], -y[1] + 0.7 * y[0] * y[1]])

    A = [
        [],
        [1 / 4],
        [3 / 32, 9 / 32],
        [1932 / 2197, -7200 / 2197, 7296 / 2197],
        [439 / 216, -8.0, 3680 / 513, -845 / 4104],
        [-8 / 27, 2.0, -3544 / 2565, 1859 / 4104, -11 / 40],
    ]
    C = [0.0, 1 / 4, 3 / 8, 12 / 13, 1.0, 1 / 2]
    B5 = [16 / 135, 0.0, 6656 / 12825, 28561 / 56430, -9 / 50, 2 / 55]
    B4 = [25 / 216, 0.0, 1408 / 2565, 2197 / 4104, -1 / 5, 0.0]
    t, h, tend = 0.0, 0.1, 1.0
    y = y0.copy()
    steps = 0
    while t < tend:
        if t + h > tend:
            h = tend - t
        k = []
        for s in range(6):
            yi = y.copy()
            for j in range(s):
                yi = yi + h * A[s][j] * k[j]
            k.append(f(t + C[s] * h, yi))
        y5 = y + h * sum(B5[s] * k[s] for s in range(6))
        y4 = y + h * sum(B4[s] * k[s] for s in range(6))
        err = np.max(np.abs(y5 - y4))
        if err < 1e-4:
            t = t + h
            y = y5
        steps += 1
        if steps > 100:
            break
    return np.sum(y**2)


@CASES(rng.normal(size=9), 0.3)
def crank_nicolson_thomas(u, r):
    n = len(u)

    def thomas(a, b, c, d):
        n = len(d)
        cp = np.zeros(n)
        dp = np.zeros(n)
        cp[0] = c[0] / b[0]
        dp[0] = d[0] / b[0]
        for i in range(1, n):
            m = b[i] - a[i] * cp[i - 1]
            cp[i] = c[i] / m
            dp[i] = (d[i] - a[i] * dp[i - 1]) / m
        x = np.zeros(n)
        x[-1] = dp[-1]
        for i in range(n - 2, -1, -1):
            x[i] = dp[i] - cp[i] * x[i + 1]
        return x

    a = np.full(n, -r / 2)
    b = np.full(n, 1 + r)
    c = np.full(n, -r / 2)
    a[0] = 0
    c[-1] = 0
    for _ in range(4):
        d = np.empty(n)
        d[1:-1] = u[1:-1] + r / 2 * (u[2:] - 2 * u[1:-1] + u[:-2])
        d[0] = u[0]
        d[-1] = u[-1]
        b[0] = b[-1] = 1.0
        c[0] = a[-1] = 0.0
        u = thomas(a, b, c, d)
    return u


@CASES(np.array([1.0, 0.0, 0.0, 1.0]), 1.0)
def leapfrog_kepler(state, gm):
    q, p = state[:2].copy(), state[2:].copy()
    dt = 0.05

    def acc(q):
        return -gm * q / np.linalg.norm(q) ** 3

    p -= -0.5 * dt * acc(q)
    for _ in range(20):
        q += dt * p
        p += dt * acc(q)
    return np.concatenate([q, p])


@CASES(rng.normal(size=(6, 7)))
def adi_heat(u):
    u = np.copy(u)
    nx, ny = u.shape
    lam = 0.2
    for it in range(2):
        v = u.copy()
        for j in range(1, ny - 1):
            c = [0.0] * nx
            d = [0.0] * nx
            d[0] = u[0, j]
            for i in range(1, nx - 1):
                rhs = u[i, j] + lam * (u[i, j + 1] - 2 * u[i, j] + u[i, j - 1])
                m = 1 + 2 * lam + lam * c[i - 1]
                c[i] = -lam / m
                d[i] = (rhs + lam * d[i - 1]) / m
            v[nx - 1, j] = u[nx - 1, j]
            for i in range(nx - 2, 0, -1):
                v[i, j] = d[i] - c[i] * v[i + 1, j]
        u = v.T.copy()
        nx, ny = u.shape
    return u


@CASES(rng.normal(size=9), rng.normal(size=9))
def multigrid_v(u, f):
    def smooth(u, f, h, k):
        for _ in range(k):
            u[1:-1:2] = 0.5 * (u[0:-2:2] + u[2::2] + h * h * f[1:-1:2])
            u[2:-2:2] = 0.5 * (u[1:-3:2] + u[3:-1:2] + h * h * f[2:-2:2])
        return u

    def residual(u, f, h):
        r = np.zeros_like(u)
        r[1:-1] = f[1:-1] + (u[:-2] - 2 * u[1:-1] + u[2:]) / h**2
        return r

    def vcycle(u, f, h):
        n = len(u)
        if n <= 3:
            u[1] = 0.5 * (u[0] + u[2] + h * h * f[1])
            return u
        u = smooth(u, f, h, 2)
        r = residual(u, f, h)
        nc = (n + 1) // 2
        rc = np.zeros(nc)
        rc[1:-1] = 0.25 * (r[1:-3:2] + 2 * r[2:-2:2] + r[3:-1:2])
        ec = vcycle(np.zeros(nc), rc, 2 * h)
        e = np.zeros(n)
        e[::2] = ec
        e[1::2] = 0.5 * (ec[:-1] + ec[1:])
        return smooth(u + e, f, h, 2)

    u = u.copy()
    for _ in range(2):
        u = vcycle(u, f, 1.0 / (len(u) - 1))
    return np.sum(u**2)


def minmod(a, b):
    return np.where(a * b > 0, np.where(np.abs(a) < np.abs(b), a, b), 0.0)


@CASES(rng.normal(size=12) + 2.0)
def fv_burgers_muscl(u):
    n = u.size
    dx = 1.0 / n
    dt = 0.2 * dx
    for step in range(3):
        du = minmod(u - np.roll(u, 1), np.roll(u, -1) - u)
        ul = u + 0.5 * du
        ur = np.roll(u - 0.5 * du, -1)
        fl, fr = 0.5 * ul**2, 0.5 * ur**2
        a = np.maximum(np.abs(ul), np.abs(ur))
        flux = 0.5 * (fl + fr) - 0.5 * a * (ur - ul)
        u = u - dt / dx * (flux - np.roll(flux, 1))
    return u


def superbee(r):
    return np.maximum(0, np.maximum(np.minimum(2 * r, 1), np.minimum(r, 2)))


def van_leer(r):
    return (r + np.abs(r)) / (1 + np.abs(r))


LIMITERS = {"superbee": superbee, "vanleer": van_leer, "none": lambda r: np.ones_like(r)}


@CASES(rng.normal(size=10), "vanleer")
@CASES(rng.normal(size=10), "superbee")
def fv_advect(u, limiter="vanleer"):
    phi = LIMITERS[limiter]
    c = 0.4
    for _ in range(3):
        d = np.diff(u, append=u[0])
        r = np.roll(d, 1) / (d + np.where(d >= 0, 1e-9, -1e-9))
        f = u + 0.5 * phi(r) * (1 - c) * d
        u = u - c * (f - np.roll(f, 1))
    return u


@CASES(
    np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0], [0.5, 0.45]]),
    np.array([[0, 1, 4], [1, 2, 4], [2, 3, 4], [3, 0, 4]]),
    np.ones(5) * 1.3,
)
def fem_triangles(nodes, tri, kappa):
    n = nodes.shape[0]
    K = np.zeros((n, n))
    F = np.zeros(n)
    for e in range(tri.shape[0]):
        idx = tri[e]
        x = nodes[idx, 0]
        y = nodes[idx, 1]
        area = 0.5 * ((x[1] - x[0]) * (y[2] - y[0]) - (x[2] - x[0]) * (y[1] - y[0]))
        b = np.array([y[1] - y[2], y[2] - y[0], y[0] - y[1]])
        c = np.array([x[2] - x[1], x[0] - x[2], x[1] - x[0]])
        k = kappa[idx].mean()
        Ke = k * (np.outer(b, b) + np.outer(c, c)) / (4 * area)
        for i in range(3):
            for j in range(3):
                K[idx[i], idx[j]] += Ke[i, j]
        F[idx] += area / 3
    fixed = [0, 1]
    for d in fixed:
        K[d, :] = 0
        K[d, d] = 1.0
        F[d] = 0.0
    u = np.linalg.solve(K, F)
    return F @ u


@CASES(np.linspace(1, 2, 6), 2.0)
def fem_bar_ix(E, L):
    ne = len(E)
    h = L / ne
    conn = np.stack([np.arange(ne), np.arange(1, ne + 1)], axis=1)
    K = np.zeros((ne + 1, ne + 1))
    ke = np.array([[1.0, -1.0], [-1.0, 1.0]])
    for e, dofs in enumerate(conn):
        K[np.ix_(dofs, dofs)] += E[e] / h * ke
    f = np.zeros(ne + 1)
    f[-1] = 1.0
    free = np.arange(1, ne + 1)
    u = np.zeros(ne + 1)
    u[free] = np.linalg.solve(K[np.ix_(free, free)], f[free])
    return u


@CASES(rng.normal(size=8))
def spectral_dft_matrix(u):
    N = u.shape[0]
    k = np.arange(N)
    ang = 2 * np.pi * np.outer(k, k) / N
    C, S = np.cos(ang), np.sin(ang)
    re, im = C @ u, -S @ u
    freq = np.where(k <= N // 2, k, k - N)
    decay = np.exp(-0.05 * freq**2)
    re, im = re * decay, im * decay
    return (C @ re - S @ im) / N


@CASES(rng.normal(size=7))
def chebyshev_diff(u):
    N = len(u) - 1
    x = np.cos(np.pi * np.arange(N + 1) / N)
    c = np.hstack([2, np.ones(N - 1), 2]) * (-1.0) ** np.arange(N + 1)
    X = np.tile(x, (N + 1, 1)).T
    dX = X - X.T
    D = np.outer(c, 1 / c) / (dX + np.eye(N + 1))
    D = D - np.diag(D.sum(axis=1))
    return D @ (D @ u)


@CASES(np.array([0.1, 0.2, 0.3]), 10.0, 28.0, 8 / 3)
def lorenz_rk4(state, sigma, rho, beta):
    def deriv(s):
        x, y, z = s
        return np.array([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])

    traj = [state]
    dt = 0.01
    for _ in range(8):
        s = traj[-1]
        k1 = deriv(s)
        k2 = deriv(s + dt / 2 * k1)
        k3 = deriv(s + dt / 2 * k2)
        k4 = deriv(s + dt * k3)
        traj.append(s + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4))
    return np.array(traj).mean(axis=0)


@CASES(2.0, np.array([1.0, 0.3]))
def implicit_euler_newton(mu, y0):
    y = y0
    h = 0.05
    for _ in range(5):
        yn = y.copy()
        for it in range(20):
            g = np.array([yn[0] - y[0] - h * yn[1], yn[1] - y[1] - h * (mu * (1 - yn[0] ** 2) * yn[1] - yn[0])])
            J = np.array([[1.0, -h], [h * (2 * mu * yn[0] * yn[1] + 1), 1 - h * mu * (1 - yn[0] ** 2)]])
            dy = np.linalg.solve(J, -g)
            yn = yn + dy
            if np.linalg.norm(dy) < 1e-13:
                break
        y = yn
    return y.sum()


@CASES(rng.normal(size=(8, 8)))
def gray_scott(u0):
    u = 1.0 - 0.1 * np.tanh(u0)
    v = 0.2 * np.ones_like(u) + 0.01 * u0
    F, k, Du, Dv = 0.04, 0.06, 0.16, 0.08

    def lap(z):
        return np.roll(z, 1, axis=0) + np.roll(z, -1, axis=0) + np.roll(z, 1, axis=1) + np.roll(z, -1, axis=1) - 4 * z

    for _ in range(4):
        uvv = u * v * v
        u += Du * lap(u) - uvv + F * (1 - u)
        v += Dv * lap(v) + uvv - (F + k) * v
    return np.stack([u, v]).var()


@dataclass
class WaveConfig:
    nx: int = 12
    nt: int = 6
    c: float = 0.7
    boundary: str = "reflect"


@CASES(rng.normal(size=12), WaveConfig())
@CASES(rng.normal(size=12), WaveConfig(boundary="periodic"))
def wave_1d(u0, cfg):
    u_prev = u0.copy()
    u = u0.copy()
    for n in range(cfg.nt):
        u_next = np.empty(cfg.nx)
        u_next[1:-1] = 2 * u[1:-1] - u_prev[1:-1] + cfg.c**2 * (u[2:] - 2 * u[1:-1] + u[:-2])
        if cfg.boundary == "reflect":
            u_next[0] = u_next[1]
            u_next[-1] = u_next[-2]
        elif cfg.boundary == "periodic":
            u_next[0] = 2 * u[0] - u_prev[0] + cfg.c**2 * (u[1] - 2 * u[0] + u[-1])
            u_next[-1] = 2 * u[-1] - u_prev[-1] + cfg.c**2 * (u[0] - 2 * u[-1] + u[-2])
        else:
            raise ValueError(f"unknown boundary {cfg.boundary}")
        u_prev, u = u, u_next
    return np.sum(u**2)


@CASES(rng.uniform(0.5, 1.5, size=(5, 5)), 1.5)
def sor_poisson(rho, omega):
    n = rho.shape[0]
    phi = np.zeros_like(rho)
    h2 = 1.0 / (n - 1) ** 2
    for sweep in range(6):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                new = 0.25 * (phi[i + 1, j] + phi[i - 1, j] + phi[i, j + 1] + phi[i, j - 1] + h2 * rho[i, j])
                phi[i, j] += omega * (new - phi[i, j])
    return np.linalg.norm(phi)


@CASES(rng.normal(size=(4, 3)), 0.1)
def adams_bashforth(y0, dt):
    f = lambda y: np.sin(y) - 0.3 * y**3
    hist = [f(y0)]
    y = y0 + dt * hist[0]
    for i in range(5):
        hist.append(f(y))
        if len(hist) > 2:
            hist.pop(0)
        y = y + dt * (1.5 * hist[-1] - 0.5 * hist[-2])
    return y


@CASES(np.array([0.3, 0.6, 0.2]), np.array([0.5, 0.1]))
def sir_model(y0, params):
    beta, gamma = params
    S, I, R = y0
    N = S + I + R
    out = np.zeros((10, 3))
    for t in range(10):
        out[t] = S, I, R
        new_inf = beta * S * I / N
        rec = gamma * I
        S -= new_inf
        I += new_inf - rec
        R += rec
    return out[:, 1].max() + out[-1, 2]


@CASES(1.3, np.linspace(0, 1, 11))
def shooting_method(a, xs):
    def integrate(s):
        y, dy = 0.0, s
        for i in range(len(xs) - 1):
            h = xs[i + 1] - xs[i]
            ddy = -a * y + xs[i]
            y, dy = y + h * dy, dy + h * ddy
        return y

    s0, s1 = 0.0, 1.0
    f0, f1 = integrate(s0), integrate(s1)
    for _ in range(20):
        if abs(f1 - 1.0) < 1e-12:
            break
        s2 = s1 - (f1 - 1.0) * (s1 - s0) / (f1 - f0)
        s0, f0 = s1, f1
        s1, f1 = s2, integrate(s2)
    return s1


@CASES(rng.normal(size=(6, 6)), rng.normal(size=(6, 6)))
def ns_vorticity(w, psi):
    dx = dy = 0.2
    for _ in range(2):
        for k in range(3):
            psi_new = psi.copy()
            psi_new[1:-1, 1:-1] = 0.25 * (
                psi[2:, 1:-1] + psi[:-2, 1:-1] + psi[1:-1, 2:] + psi[1:-1, :-2] + dx * dx * w[1:-1, 1:-1]
            )
            psi = psi_new
        u = (psi[1:-1, 2:] - psi[1:-1, :-2]) / (2 * dy)
        v = -(psi[2:, 1:-1] - psi[:-2, 1:-1]) / (2 * dx)
        wx = (w[2:, 1:-1] - w[:-2, 1:-1]) / (2 * dx)
        wy = (w[1:-1, 2:] - w[1:-1, :-2]) / (2 * dy)
        lap = (w[2:, 1:-1] + w[:-2, 1:-1] + w[1:-1, 2:] + w[1:-1, :-2] - 4 * w[1:-1, 1:-1]) / dx**2
        w = np.pad(w[1:-1, 1:-1] + 0.001 * (-u * wx - v * wy + 0.01 * lap), 1, mode="edge")
    return w


@CASES(rng.uniform(0.5, 1, size=10))
def shallow_water_lax(h):
    g = 9.81
    hu = np.zeros_like(h)
    q = np.vstack((h, hu))

    def flux(q):
        return np.array([q[1], q[1] ** 2 / q[0] + 0.5 * g * q[0] ** 2])

    dtdx = 0.05
    for _ in range(3):
        F = flux(q)
        qh = 0.5 * (q[:, 1:] + q[:, :-1]) - 0.5 * dtdx * (F[:, 1:] - F[:, :-1])
        Fh = flux(qh)
        q[:, 1:-1] -= dtdx * (Fh[:, 1:] - Fh[:, :-1])
    return q
