"""Numerical methods as a scientist writes them: solvers, integrators, quadrature, transforms."""

from __future__ import annotations

import math

import numpy as np

from tests.suites.support import Cases

CASES = Cases()
rng = np.random.default_rng(3)
V5 = rng.normal(size=5)
V6 = rng.normal(size=6)
M4 = rng.normal(size=(4, 4)) + 4 * np.eye(4)


@CASES(V5 * 0.2, np.full(6, 4.0), V6 * 0.3, V6.copy())
def thomas(lower, diag, upper, rhs):
    n = len(diag)
    c = np.zeros(n)
    d = np.zeros(n)
    c[0] = upper[0] / diag[0]
    d[0] = rhs[0] / diag[0]
    for i in range(1, n):
        m = diag[i] - lower[i - 1] * c[i - 1]
        if i < n - 1:
            c[i] = upper[i] / m
        d[i] = (rhs[i] - lower[i - 1] * d[i - 1]) / m
    x = np.empty(n)
    x[-1] = d[-1]
    for i in range(n - 2, -1, -1):
        x[i] = d[i] - c[i] * x[i + 1]
    return x


@CASES(M4.copy(), V5[:4].copy())
def gauss_with_pivoting(a, b):
    a = a.copy()
    b = b.copy()
    n = len(b)
    for k in range(n):
        p = k + np.argmax(np.abs(a[k:, k]))
        if p != k:
            a[[k, p]] = a[[p, k]]
            b[k], b[p] = b[p], b[k]
        for i in range(k + 1, n):
            f = a[i, k] / a[k, k]
            a[i, k:] -= f * a[k, k:]
            b[i] -= f * b[k]
    x = np.zeros(n)
    for i in reversed(range(n)):
        x[i] = (b[i] - a[i, i + 1 :] @ x[i + 1 :]) / a[i, i]
    return x


@CASES(M4 @ M4.T, V5[:4].copy())
def conjugate_gradients(a, b):
    x = np.zeros_like(b)
    r = b - a @ x
    p = r.copy()
    rs = r @ r
    for _ in range(3):
        ap = a @ p
        alpha = rs / (p @ ap)
        x += alpha * p
        r -= alpha * ap
        new = r @ r
        if np.sqrt(new) < 1e-12:
            break
        p = r + (new / rs) * p
        rs = new
    return np.sum(x**2)


@CASES(M4.copy(), V5[:4].copy(), tol=1e-6)
def jacobi_until_converged(a, b):
    a = a + 6.0 * np.eye(4)
    d = np.diag(a)
    x = np.zeros(4)
    for _ in range(200):
        new = (b - (a @ x - d * x)) / d
        if np.max(np.abs(new - x)) < 1e-13:
            x = new
            break
        x = new
    else:
        raise RuntimeError("not converged")
    return x


@CASES(2.0, 0.3)
def bisection_then_newton(a, b):
    lo, hi = 0.0, 3.0
    f = lambda x: x**3 + b * x - a
    for _ in range(10):
        mid = 0.5 * (lo + hi)
        if f(mid) > 0:
            hi = mid
        else:
            lo = mid
    x = 0.5 * (lo + hi)
    for _ in range(6):
        x = x - f(x) / (3 * x * x + b)
    return x


@CASES(0.7, 1.3)
def newton_while(a, b):
    x = 1.0
    count = 0
    while abs(x * x - a * b) > 1e-15 and count < 50:
        x = 0.5 * (x + a * b / x)
        count += 1
    return x


@CASES(0.4)
def secant(a):
    x0, x1 = 0.5, 1.0
    f0, f1 = math.cos(x0) - a * x0, math.cos(x1) - a * x1
    while abs(f1) > 1e-14:
        x0, x1 = x1, x1 - f1 * (x1 - x0) / (f1 - f0)
        f0, f1 = f1, math.cos(x1) - a * x1
    return x1


def _rhs(y, p):
    return np.array([p[0] * y[0] - p[1] * y[0] * y[1], p[2] * y[0] * y[1] - p[3] * y[1]])


@CASES(np.array([1.0, 0.5]), np.array([0.6, 0.8, 0.5, 0.7]))
def rk4_lotka_volterra(y0, p):
    y = y0
    h = 0.1
    for _ in range(20):
        k1 = _rhs(y, p)
        k2 = _rhs(y + 0.5 * h * k1, p)
        k3 = _rhs(y + 0.5 * h * k2, p)
        k4 = _rhs(y + h * k3, p)
        y = y + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
    return y


@CASES(3.0, 0.8)
def bouncing_ball(height, restitution):
    """An integrator with events: the velocity turns round where the ball meets the floor."""
    y, v, t = height, 0.0, 0.0
    bounces = 0
    while t < 2.0:
        dt = 0.01
        if y + dt * v < 0.0:
            dt = -y / v
            y = 0.0
            v = -restitution * (v - 9.81 * dt)
            bounces += 1
            if bounces == 3:
                break
        else:
            y += dt * v
            v -= 9.81 * dt
        t += 0.01
    return y + 0.1 * v


@CASES(0.5, 2.0, tol=1e-6)
def adaptive_step(y, k):
    """Step doubling with an error estimate."""
    t, h = 0.0, 0.2
    steps = 0
    while t < 1.0 - 1e-12:
        if t + h > 1.0:
            h = 1.0 - t
        full = y + h * (-k * y * y)
        half = y + 0.5 * h * (-k * y * y)
        two = half + 0.5 * h * (-k * half * half)
        error = abs(two - full)
        if error > 0.01:
            h = h * 0.5
            continue
        y = two + (two - full)
        t += h
        steps += 1
        if error < 0.001:
            h = h * 2.0
    return y * steps


@CASES(np.array([0.3, 1.2, -0.5]))
def leapfrog(q):
    p = np.zeros(3)
    energy = 0.0
    for step in range(15):
        p -= 0.05 * (q + q**3)
        q = q + 0.1 * p
        p -= 0.05 * (q + q**3)
        if step % 5 == 4:
            energy += 0.5 * p @ p + 0.5 * q @ q
    return energy


@CASES(1.5)
def simpson(a):
    n = 20
    h = 2.0 / n
    s = math.exp(0.0) + math.exp(-a * 4.0)
    for k in range(1, n):
        x = k * h
        s += (4 if k % 2 else 2) * math.exp(-a * x * x)
    return s * h / 3


def _adaptive(f, a, b, fa, fm, fb, depth):
    m = 0.5 * (a + b)
    flm, frm = f(0.5 * (a + m)), f(0.5 * (m + b))
    whole = (b - a) / 6 * (fa + 4 * fm + fb)
    parts = (m - a) / 6 * (fa + 4 * flm + fm) + (b - m) / 6 * (fm + 4 * frm + fb)
    if depth == 0:
        return parts
    if abs(parts - whole) < 1e-9:
        return parts
    return _adaptive(f, a, m, fa, flm, fm, depth - 1) + _adaptive(f, m, b, fm, frm, fb, depth - 1)


@CASES(0.7, tol=1e-6)
def adaptive_simpson(w):
    f = lambda x: math.sin(w * x * x)
    return _adaptive(f, 0.0, 2.0, f(0.0), f(1.0), f(2.0), 4)


@CASES(np.array([0.5, 1.5]), V5.copy())
def gauss_legendre(ab, c):
    nodes, weights = [-0.7745966692414834, 0.0, 0.7745966692414834], [5 / 9, 8 / 9, 5 / 9]
    a, b = ab
    total = 0.0
    for x, w in zip(nodes, weights):
        t = 0.5 * (b - a) * x + 0.5 * (a + b)
        p = 0.0
        for coefficient in c:
            p = p * t + coefficient
        total += w * p
    return 0.5 * (b - a) * total


@CASES(rng.normal(size=8))
def fft_by_hand(x):
    """Iterative radix 2 on real and imaginary parts."""
    n = len(x)
    re = np.zeros(8)
    im = np.zeros(8)
    for i in range(8):
        j = (i & 1) << 2 | (i & 2) | (i & 4) >> 2
        re[j] = x[i]
    size = 2
    while size <= n:
        half = size // 2
        for start in range(0, n, size):
            for k in range(half):
                angle = -2 * math.pi * k / size
                c, s = math.cos(angle), math.sin(angle)
                i, j = start + k, start + k + half
                tr = c * re[j] - s * im[j]
                ti = c * im[j] + s * re[j]
                re[j], im[j] = re[i] - tr, im[i] - ti
                re[i], im[i] = re[i] + tr, im[i] + ti
        size *= 2
    return np.sum(np.arange(8) * (re**2 + 0.5 * im**2))


@CASES(M4 * 0.2)
def expm_series(a):
    term = np.eye(4)
    total = np.eye(4)
    for k in range(1, 30):
        term = term @ a / k
        total = total + term
        if np.max(np.abs(term)) < 1e-16:
            break
    return total


@CASES(M4 * 0.5)
def expm_scaling(a):
    norm = np.sum(np.abs(a))
    squarings = 0
    while norm > 0.5:
        norm = norm / 2
        squarings += 1
    x = a / 2.0**squarings
    result = np.eye(4) + x + x @ x / 2 + x @ x @ x / 6
    for _ in range(squarings):
        result = result @ result
    return np.trace(result)


@CASES(M4 @ M4.T)
def power_iteration(a):
    v = np.ones(4) / 2.0
    value = 0.0
    for _ in range(25):
        w = a @ v
        value = v @ w
        v = w / np.linalg.norm(w)
    return value


@CASES(M4.copy())
def gram_schmidt(a):
    q = np.zeros_like(a)
    for j in range(a.shape[1]):
        v = a[:, j].copy()
        for i in range(j):
            v -= (q[:, i] @ a[:, j]) * q[:, i]
        q[:, j] = v / np.sqrt(v @ v)
    return q[:, 3] * np.arange(4.0)


@CASES(M4.copy())
def householder(a):
    r = a.copy()
    n = r.shape[1]
    for k in range(n - 1):
        x = r[k:, k]
        alpha = -np.sign(x[0]) * np.sqrt(np.sum(x * x))
        u = x.copy()
        u[0] -= alpha
        u /= np.sqrt(np.sum(u * u))
        r[k:, k:] -= 2.0 * np.outer(u, u @ r[k:, k:])
    return np.sum(np.abs(np.diag(r)))


@CASES(M4 @ M4.T)
def cholesky_logdet(a):
    n = a.shape[0]
    low = np.zeros((n, n))
    for i in range(n):
        for j in range(i + 1):
            s = sum(low[i, k] * low[j, k] for k in range(j))
            if i == j:
                low[i][j] = math.sqrt(a[i, i] - s)
            else:
                low[i][j] = (a[i, j] - s) / low[j, j]
    return 2.0 * np.sum(np.log(np.diag(low)))


@CASES(V6.copy(), np.array([0.2, 1.1, 2.5]))
def natural_spline(y, at):
    n = len(y)
    m = np.zeros(n)
    c = np.zeros(n)
    d = np.zeros(n)
    for i in range(1, n - 1):
        w = 4.0 - c[i - 1]
        c[i] = 1.0 / w
        d[i] = (6.0 * (y[i + 1] - 2 * y[i] + y[i - 1]) - d[i - 1]) / w
    for i in range(n - 2, 0, -1):
        m[i] = d[i] - c[i] * m[i + 1]
    out = np.zeros(len(at))
    for k, x in enumerate(at):
        i = min(int(x), n - 2)
        t = x - i
        out[k] = (
            m[i] * (1 - t) ** 3 / 6 + m[i + 1] * t**3 / 6 + (y[i] - m[i] / 6) * (1 - t) + (y[i + 1] - m[i + 1] / 6) * t
        )
    return out


@CASES(V5.copy(), 0.37)
def de_casteljau(points, t):
    p = points.copy()
    for r in range(1, len(p)):
        for i in range(len(p) - r):
            p[i] = (1 - t) * p[i] + t * p[i + 1]
    return p[0]


@CASES(np.array([0.1, 0.4, 0.8, 1.5]), V5[:4].copy(), 0.9)
def newton_divided_differences(x, y, at):
    c = [v for v in y]
    for j in range(1, 4):
        for i in range(3, j - 1, -1):
            c[i] = (c[i] - c[i - 1]) / (x[i] - x[i - j])
    result = c[-1]
    for k in range(2, -1, -1):
        result = result * (at - x[k]) + c[k]
    return result


@CASES(rng.normal(size=(6, 7)) * 0.5)
def heat_explicit(u):
    for _ in range(4):
        new = u.copy()
        new[1:-1, 1:-1] = u[1:-1, 1:-1] + 0.2 * (
            u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]
        )
        u = new
    return u


@CASES(rng.normal(size=8), rng.uniform(0.2, 0.8, size=8))
def upwind_advection(u, speed):
    u = u.copy()
    for _ in range(5):
        flux = np.where(speed > 0.5, speed * u, speed * np.roll(u, -1))
        u[1:] -= 0.3 * (flux[1:] - flux[:-1])
        u[0] = u[-1]
    return u


@CASES(np.array([1.3, -0.4]), tol=1e-6)
def gradient_descent_on_rosenbrock(x):
    for _ in range(10):
        g = np.array([-2 * (1 - x[0]) - 4 * x[0] * (x[1] - x[0] ** 2), 2 * (x[1] - x[0] ** 2)])
        step = 0.1
        f = (1 - x[0]) ** 2 + (x[1] - x[0] ** 2) ** 2
        while True:
            trial = x - step * g
            if (1 - trial[0]) ** 2 + (trial[1] - trial[0] ** 2) ** 2 < f:
                break
            step *= 0.5
        x = trial
    return x


@CASES(np.array([0.9, 0.2, -0.4, 0.1]))
def levinson_durbin(r):
    r = r + np.array([2.0, 0, 0, 0])
    a = np.zeros(4)
    a[0] = 1.0
    e = r[0]
    for i in range(1, 4):
        k = -(r[i] + a[1:i] @ r[1:i][::-1]) / e
        old = a.copy()
        for j in range(1, i):
            a[j] = old[j] + k * old[i - j]
        a[i] = k
        e *= 1 - k * k
    return a * e


@CASES(0.3, 5)
def continued_fraction(x, n):
    value = 0.0
    for k in range(n, 0, -1):
        value = k * x / (1.0 + value)
    return 1.0 / (1.0 + value)


@CASES(0.6)
def agm_pi_like(k):
    a, b = 1.0, math.sqrt(1 - k * k)
    while abs(a - b) > 1e-15:
        a, b = (a + b) / 2, math.sqrt(a * b)
    return math.pi / (2 * a)


@CASES(rng.normal(size=(5, 3)), rng.normal(size=5))
def least_squares_by_normal_equations(a, b):
    ata = a.T @ a + 0.1 * np.eye(3)
    atb = a.T @ b
    x = np.linalg.solve(ata, atb)
    r = a @ x - b
    return r @ r


@CASES(np.array([0.2, 0.9, 1.7]), 4)
def chebyshev(x, n):
    t0, t1 = np.ones_like(x), x
    total = t0 * 0.5
    for k in range(1, n + 1):
        total = total + t1 / k
        t0, t1 = t1, 2 * x * t1 - t0
    return total
