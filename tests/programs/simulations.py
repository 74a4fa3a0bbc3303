"""Solvers with state, events, callbacks; filters and optimisers that keep histories."""

from collections import namedtuple
from collections.abc import Callable

import numpy as np
from numpy.linalg import inv, norm, solve

from tests.suites.support import Cases

CASES = Cases()
rng = np.random.default_rng(21)


class Integrator:
    def __init__(self, rhs, dt=0.01):
        self.rhs = rhs
        self.dt = dt
        self.t = 0.0
        self.history = []

    def step(self, y):
        raise NotImplementedError("abstract")

    def run(self, y, n):
        for _ in range(n):
            y = self.step(y)
            self.t += self.dt
            self.history.append(y)
        return y


class Euler(Integrator):
    def step(self, y):
        return y + self.dt * self.rhs(self.t, y)


class RK4(Integrator):
    def step(self, y):
        h = self.dt
        k1 = self.rhs(self.t, y)
        k2 = self.rhs(self.t + h / 2, y + h / 2 * k1)
        k3 = self.rhs(self.t + h / 2, y + h / 2 * k2)
        k4 = self.rhs(self.t + h, y + h * k3)
        return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


SOLVERS = {"euler": Euler, "rk4": RK4}


@CASES(np.array([1.0, 0.5]), 0.7, "euler")
@CASES(np.array([1.0, 0.5]), 0.7, "rk4")
def integrator_class(y0, mu, method):
    def vdp(t, y):
        x, v = y
        return np.array([v, mu * (1 - x**2) * v - x + 0.1 * np.sin(t)])

    if method not in SOLVERS:
        raise ValueError(f"unknown method {method!r}")
    solver = SOLVERS[method](vdp, dt=0.05)
    yT = solver.run(y0, 10)
    traj = np.array(solver.history)
    return np.sum(traj[:, 0] ** 2) * solver.dt + yT @ yT + solver.t


@CASES(np.array([1.0, 0.0]), 2.0, 0.15)
def event_bounce_while(y0, g, tol):
    t, dt, tmax = 0.0, 0.05, 1.3
    h, v = y0
    n_bounce = 0
    while t < tmax:
        h_new = h + dt * v
        v_new = v - dt * g
        if h_new < 0 and v_new < 0:
            frac = h / (h - h_new)
            v = -(v - frac * dt * g) * 0.8
            h = 0.0 + (1 - frac) * dt * v
            n_bounce += 1
            if n_bounce > 5:
                break
        else:
            h, v = h_new, v_new
        t += dt
    return h**2 + v**2 + tol


@CASES(np.array([1.0, 0.5]), 1.3)
def adaptive_grow_while(y0, w):
    ts = [0.0]
    ys = [y0]
    t, h = 0.0, 0.1
    y = y0
    f = lambda t, y: np.array([y[1], -(w**2) * y[0]])
    while t < 1.0:
        k1 = f(t, y)
        k2 = f(t + h, y + h * k1)
        y_lo = y + h * k1
        y_hi = y + h / 2 * (k1 + k2)
        err = np.max(np.abs(y_hi - y_lo))
        if err < 2e-2:
            t = t + h
            y = y_hi
            ts.append(t)
            ys.append(y)
        h = h * min(2.0, max(0.3, 0.9 * (2e-2 / (err + 1e-10)) ** 0.5))
        if t + h > 1.0:
            h = 1.0 - t
        if h < 1e-9:
            break
    ts = np.array(ts)
    ys = np.array(ys)
    return np.trapezoid(ys[:, 0] ** 2, ts)


class Grid1D:
    def __init__(self, n, length=1.0):
        self.n = n
        self.length = length

    @property
    def dx(self):
        return self.length / self.n

    @property
    def x(self):
        return (np.arange(self.n) + 0.5) * self.dx

    def laplacian(self, u):
        return (np.roll(u, 1) - 2 * u + np.roll(u, -1)) / self.dx**2

    def grad(self, u):
        return (np.roll(u, -1) - np.roll(u, 1)) / (2 * self.dx)


GRID = Grid1D(8)


@CASES(0.05, 1.0)
def burgers_grid_object(nu, amp):
    u = amp * np.sin(2 * np.pi * GRID.x)
    dt = 0.005
    for _ in range(6):
        u = u + dt * (-u * GRID.grad(u) + nu * GRID.laplacian(u))
    return GRID.dx * np.sum(u * u)


State = namedtuple("State", "x v t")


@CASES(1.0, 0.0, 4.0)
def verlet_namedtuple(x0, v0, k):
    def accel(s):
        return -k * s.x - 0.1 * s.v

    s = State(x0, v0, 0.0)
    dt = 0.1
    energies = []
    while s.t < 0.95:
        a = accel(s)
        x = s.x + s.v * dt + 0.5 * a * dt * dt
        a2 = accel(s._replace(x=x))
        s = State(x=x, v=s.v + 0.5 * (a + a2) * dt, t=s.t + dt)
        energies.append(0.5 * s.v**2 + 0.5 * k * s.x**2)
    return energies[-1] + max(energies)


@CASES(rng.normal(size=5), 0.1)
def dirk_newton_closure(y, eps):
    def rhs(u):
        up = np.append(u[1:], u[0])
        um = np.append(u[-1], u[:-1])
        return eps * (up - 2 * u + um) + u - u**3

    def jac(u):
        n = u.shape[0]
        J = np.zeros((n, n))
        idx = np.arange(n)
        J[idx, idx] = -2 * eps + 1 - 3 * u**2
        J[idx, (idx + 1) % n] += eps
        J[idx, (idx - 1) % n] += eps
        return J

    def newton(u0, dt, tol=1e-12, maxit=20):
        u = u0
        for k in range(maxit):
            r = u - u0 - dt * rhs(u)
            if np.sqrt(np.sum(r**2)) < tol:
                return u, k
            u = u - np.linalg.solve(np.eye(u.size) - dt * jac(u), r)
        return u, maxit

    total = 0.0
    iters = 0
    for _ in range(3):
        y, k = newton(y, 0.1)
        iters += k
        total += np.sum(y**4)
    return total


@CASES(np.array([0.2, 0.7]))
def delay_equation_buffer(p):
    tau, dt = 4, 0.1
    buf = [1.0] * (tau + 1)
    acc = 0.0
    for k in range(20):
        delayed = buf[0]
        x = buf[-1]
        xn = x + dt * (p[0] * delayed / (1 + delayed**4) - p[1] * x)
        buf.pop(0)
        buf.append(xn)
        acc += xn**2
    return acc


@CASES(np.array([0.2, 0.7]))
def delay_circular_array(p):
    m = 5
    ring = np.ones(m)
    head = 0
    for k in range(17):
        old = ring[head]
        newest = ring[(head - 1) % m]
        ring[head] = newest + 0.1 * (p[0] * old / (1 + old**4) - p[1] * newest)
        head = (head + 1) % m
    return ring @ np.arange(m)


@CASES(1.4, np.array([1.0, 0.9, 0.5, 0.3, 0.25, 0.2]))
def euler_1d_hll(gamma, rho):
    """Shock tube with HLL flux; conserved variables in rows."""
    n = rho.size
    U = np.zeros((3, n))
    U[0] = rho
    U[1] = 0.1 * rho
    U[2] = rho / (gamma - 1) + 0.5 * U[1] ** 2 / rho

    def prim(U):
        r = U[0]
        u = U[1] / r
        p = (gamma - 1) * (U[2] - 0.5 * r * u**2)
        return r, u, p

    def flux(U):
        r, u, p = prim(U)
        return np.vstack([r * u, r * u**2 + p, u * (U[2] + p)])

    for _ in range(3):
        r, u, p = prim(U)
        a = np.sqrt(gamma * p / r)
        FL = flux(U)
        sL = np.minimum((u - a)[:-1], (u - a)[1:])
        sR = np.maximum((u + a)[:-1], (u + a)[1:])
        UL, UR = U[:, :-1], U[:, 1:]
        F = np.where(
            sL >= 0,
            FL[:, :-1],
            np.where(sR <= 0, FL[:, 1:], (sR * FL[:, :-1] - sL * FL[:, 1:] + sL * sR * (UR - UL)) / (sR - sL)),
        )
        U = U.copy()
        U[:, 1:-1] -= 0.1 * (F[:, 1:] - F[:, :-1])
    return U.sum(axis=1)


@CASES(np.array([1.0, 2.0]), np.array([0.1, 0.4]))
def callbacks_on_step(y, k):
    record = []

    def on_step(i, y, **info):
        if i % 2 == info.get("every", 0):
            record.append(np.sum(y) * info["h"])

    def solve(y, n, callback: Callable | None = None, **kw):
        for i in range(n):
            y = y + 0.1 * (-k * y + np.roll(y, 1) * 0.2)
            if callback is not None:
                callback(i, y, h=0.1, **kw)
        return y

    yT = solve(y, 6, callback=on_step, every=1)
    y2 = solve(y, 3)
    return np.sum(record) + yT[0] - y2[1]


class EKF:
    def __init__(self, f, h, F, H, Q, R, x0, P0):
        self.f, self.h, self.F, self.H = f, h, F, H
        self.Q, self.R = Q, R
        self.x, self.P = x0, P0
        self.loglik = 0.0

    def predict(self):
        Fk = self.F(self.x)
        self.x = self.f(self.x)
        self.P = Fk @ self.P @ Fk.T + self.Q

    def update(self, z):
        Hk = self.H(self.x)
        y = z - self.h(self.x)
        S = Hk @ self.P @ Hk.T + self.R
        K = self.P @ Hk.T @ inv(S)
        self.x = self.x + K @ y
        self.P = (np.eye(len(self.x)) - K @ Hk) @ self.P
        sign, logdet = np.linalg.slogdet(S)
        self.loglik -= 0.5 * (y @ solve(S, y) + logdet + len(y) * np.log(2 * np.pi))


@CASES(0.1, 0.3, rng.uniform(0.5, 2, size=(5, 1)))
def ekf_range(q, r, zs):
    dt = 0.2
    ekf = EKF(
        f=lambda x: np.array([x[0] + dt * x[1], x[1] - dt * np.sin(x[0])]),
        h=lambda x: np.array([np.sqrt(1 + x[0] ** 2)]),
        F=lambda x: np.array([[1, dt], [-dt * np.cos(x[0]), 1]]),
        H=lambda x: np.array([[x[0] / np.sqrt(1 + x[0] ** 2), 0.0]]),
        Q=q * np.eye(2),
        R=r * np.eye(1),
        x0=np.array([0.3, 0.1]),
        P0=np.eye(2),
    )
    for z in zs:
        ekf.predict()
        ekf.update(z)
    return ekf.loglik


@CASES(np.array([0.2, 0.5, 0.3]), np.array([1.0, -0.4, 0.2]), rng.normal(size=10))
def iir_direct_form2(b, a, x):
    w = [0.0, 0.0]
    y = []
    for xn in x:
        w0 = xn - a[1] * w[0] - a[2] * w[1]
        y.append(b[0] * w0 + b[1] * w[0] + b[2] * w[1])
        w = [w0, w[0]]
    return np.array(y)


class Biquad:
    __slots__ = ("a", "b", "z")

    def __init__(self, b, a):
        self.b, self.a = b, a
        self.z = np.zeros(2)

    def __call__(self, x):
        out = np.empty_like(x)
        for n in range(len(x)):
            out[n] = self.b[0] * x[n] + self.z[0]
            self.z[0] = self.b[1] * x[n] - self.a[1] * out[n] + self.z[1]
            self.z[1] = self.b[2] * x[n] - self.a[2] * out[n]
        return out


@CASES(rng.normal(size=8), 0.2, 0.7)
def biquad_cascade(x, f0, q):
    def lowpass(f, Q):
        w0 = 2 * np.pi * f
        alpha = np.sin(w0) / (2 * Q)
        c = np.cos(w0)
        b = np.array([(1 - c) / 2, 1 - c, (1 - c) / 2])
        a = np.array([1 + alpha, -2 * c, 1 - alpha])
        return b / a[0], a / a[0]

    chain = [Biquad(*lowpass(f, q)) for f in (f0, 0.5 * f0)]
    for stage in chain:
        x = stage(x)
    return np.mean(x**2)


@CASES(rng.normal(size=(6, 3)), rng.normal(size=6), 0.3)
def lbfgs_two_loop(A, b, lam):
    def fg(x):
        r = A @ x - b
        return 0.5 * r @ r + 0.5 * lam * x @ x, A.T @ r + lam * x

    x = np.zeros(3)
    S, Y = [], []
    f, g = fg(x)
    for k in range(5):
        q = g.copy()
        alphas = []
        for s, y in zip(reversed(S), reversed(Y)):
            a = (s @ q) / (y @ s)
            alphas.append(a)
            q = q - a * y
        if S:
            q = q * ((S[-1] @ Y[-1]) / (Y[-1] @ Y[-1]))
        for s, y, a in zip(S, Y, reversed(alphas)):
            q = q + s * (a - (y @ q) / (y @ s))
        xn = x - 0.1 * q
        fn, gn = fg(xn)
        S.append(xn - x)
        Y.append(gn - g)
        if len(S) > 3:
            S.pop(0)
            Y.pop(0)
        x, f, g = xn, fn, gn
    return f


@CASES(np.array([1.0, 2.0, 0.5]))
def anderson_acceleration(p):
    def g(x):
        return np.cos(p * x) * 0.5

    x = np.zeros(3)
    xs, fs = [], []
    for k in range(6):
        f = g(x) - x
        xs.append(x)
        fs.append(f)
        if len(fs) < 2:
            x = x + f
        else:
            dF = np.column_stack([fs[i + 1] - fs[i] for i in range(max(0, len(fs) - 3), len(fs) - 1)])
            dX = np.column_stack([xs[i + 1] - xs[i] for i in range(max(0, len(xs) - 3), len(xs) - 1)])
            gam = np.linalg.lstsq(dF, f, rcond=None)[0]
            x = x + f - (dX + dF) @ gam
            if k > 2:
                break
    return x.sum()


@CASES(np.array([2.0, 0.3, 1.5]))
def trust_region_dogleg(x):
    radius = 0.5

    def f(x):
        return np.sum(x**4) + np.sum((x - 1) ** 2)

    for k in range(5):
        g = 4 * x**3 + 2 * (x - 1)
        B = np.diag(12 * x**2 + 2)
        pB = -solve(B, g)
        pU = -(g @ g) / (g @ B @ g) * g
        if norm(pB) <= radius:
            p = pB
        elif norm(pU) >= radius:
            p = radius * pU / norm(pU)
        else:
            d = pB - pU
            a, bb, c = d @ d, 2 * pU @ d, pU @ pU - radius**2
            tau = (-bb + np.sqrt(bb * bb - 4 * a * c)) / (2 * a)
            p = pU + tau * d
        actual = f(x) - f(x + p)
        pred = -(g @ p + 0.5 * p @ B @ p)
        rho = actual / pred
        if rho < 0.25:
            radius *= 0.25
        elif rho > 0.75 and abs(norm(p) - radius) < 1e-12:
            radius = min(2 * radius, 10.0)
        if rho > 0.1:
            x = x + p
    return f(x)


class Adam:
    def __init__(self, params, lr=1e-2, betas=(0.9, 0.999), eps=1e-8):
        self.params = params
        self.lr, self.betas, self.eps = lr, betas, eps
        self.m = {k: np.zeros_like(v) for k, v in params.items()}
        self.v = {k: np.zeros_like(v) for k, v in params.items()}
        self.t = 0

    def step(self, grads):
        self.t += 1
        b1, b2 = self.betas
        for k in self.params:
            self.m[k] = b1 * self.m[k] + (1 - b1) * grads[k]
            self.v[k] = b2 * self.v[k] + (1 - b2) * grads[k] ** 2
            mh = self.m[k] / (1 - b1**self.t)
            vh = self.v[k] / (1 - b2**self.t)
            self.params[k] = self.params[k] - self.lr * mh / (np.sqrt(vh) + self.eps)


@CASES(rng.normal(size=(5, 2)), rng.normal(size=5), 0.1)
def adam_object_meta(X, y, lr):
    params = {"w": np.array([0.1, -0.2]), "b": np.array(0.05)}
    opt = Adam(params, lr=lr)
    losses = []
    for epoch in range(4):
        pred = X @ params["w"] + params["b"]
        res = pred - y
        losses.append(np.mean(res**2))
        grads = dict(w=2 * X.T @ res / len(y), b=2 * res.mean())
        opt.step(grads)
    return losses[-1]
