"""Models as libraries write them: kernels, layers, lattices, sequences, scenes."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.linalg import solve
from scipy.special import logsumexp

from tests.suites.support import Cases

CASES = Cases()
rng = np.random.default_rng(21)


@CASES(rng.uniform(size=(5, 4)))
def seam_carving(energy):
    M = energy.copy()
    r, c = M.shape
    for i in range(1, r):
        for j in range(c):
            lo, hi = max(j - 1, 0), min(j + 2, c)
            M[i, j] += M[i - 1, lo:hi].min()
    j = int(np.argmin(M[-1]))
    seam = [j]
    for i in range(r - 2, -1, -1):
        lo = max(j - 1, 0)
        hi = min(j + 2, c)
        j = lo + int(np.argmin(M[i, lo:hi]))
        seam.append(j)
    cost = 0.0
    for i, j in enumerate(reversed(seam)):
        cost += energy[i, j] ** 2
    return cost + M[-1].min()


@CASES(0.5, 1.1, 0.8, "GATTACA", "GCATGC")
def needleman_wunsch_affine(match, mismatch, gap, s, t):
    n, m = len(s), len(t)
    F = [[0.0 for _ in range(m + 1)] for _ in range(n + 1)]
    for i in range(n + 1):
        F[i][0] = -gap * i
    for j in range(m + 1):
        F[0][j] = -gap * j
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            sc = match if s[i - 1] == t[j - 1] else -mismatch
            F[i][j] = max(F[i - 1][j - 1] + sc, F[i - 1][j] - gap, F[i][j - 1] - gap)
    return F[n][m]


@CASES(rng.normal(size=(4, 4)))
def plu_decompose_perm_list(A):
    A = A.copy()
    n = A.shape[0]
    perm = list(range(n))
    sign = 1
    for k in range(n - 1):
        p = k + np.argmax(np.abs(A[k:, k]))
        if p != k:
            A[[k, p]] = A[[p, k]]
            perm[k], perm[p] = perm[p], perm[k]
            sign = -sign
        for i in range(k + 1, n):
            A[i, k] /= A[k, k]
            A[i, k + 1 :] -= A[i, k] * A[k, k + 1 :]
    det = sign * np.prod(np.diag(A))
    return det + 0.1 * sum(i * A[p, 0] for i, p in enumerate(perm))


@CASES(np.eye(3, 4) + 0.3 * rng.normal(size=(3, 4)), np.array([1.0, 2.0, 1.5]), np.array([0.5, 0.2, 0.3, 0.1]))
def simplex_lp_dual(A, b, c):
    x = np.full(4, 0.5)
    s = np.full(4, 0.7)
    lam = np.zeros(3)
    for it in range(4):
        rp = b - A @ x
        rd = c - A.T @ lam - s
        mu = x @ s / 4
        rc = 0.3 * mu - x * s
        M = (A * (x / s)) @ A.T
        dl = solve(M, rp + A @ ((x * rd - rc) / s))
        ds = rd - A.T @ dl
        dx = (rc - x * ds) / s
        ap = min([1.0] + [-0.9 * xi / dxi for xi, dxi in zip(x, dx) if dxi < 0])
        ad = min([1.0] + [-0.9 * si / dsi for si, dsi in zip(s, ds) if dsi < 0])
        x, lam, s = x + ap * dx, lam + ad * dl, s + ad * ds
    return c @ x + b @ lam


@CASES(rng.normal(size=9))
def longest_increasing_soft(x):
    n = len(x)
    w = x.copy()
    for i in range(1, n):
        cand = [w[j] for j in range(i) if x[j] < x[i]]
        if cand:
            w[i] = x[i] + max(cand)
    return w.max()


LOG2PI = np.log(2 * np.pi)


class Kernel:
    def __call__(self, X, Y):
        raise NotImplementedError

    def __add__(self, other):
        return SumKernel(self, other)

    def __mul__(self, c):
        return ScaledKernel(self, c)


class RBF(Kernel):
    def __init__(self, ls):
        self.ls = ls

    def __call__(self, X, Y):
        d2 = np.sum((X[:, None, :] / self.ls - Y[None, :, :] / self.ls) ** 2, -1)
        return np.exp(-0.5 * d2)


class White(Kernel):
    def __init__(self, s):
        self.s = s

    def __call__(self, X, Y):
        return self.s**2 * np.eye(len(X)) if X is Y else np.zeros((len(X), len(Y)))


class SumKernel(Kernel):
    def __init__(self, a, b):
        self.a, self.b = a, b

    def __call__(self, X, Y):
        return self.a(X, Y) + self.b(X, Y)


class ScaledKernel(Kernel):
    def __init__(self, k, c):
        self.k, self.c = k, c

    def __call__(self, X, Y):
        return self.c * self.k(X, Y)


@CASES(np.array([0.5, 0.8]), 1.3, 0.2, rng.normal(size=(5, 2)), rng.normal(size=5))
def gp_kernel_algebra(ls, var, noise, X, y):
    k = RBF(ls) * var + White(noise)
    K = k(X, X)
    Xs = X[:2] + 0.1
    L = np.linalg.cholesky(K)
    alpha = np.linalg.solve(L.T, np.linalg.solve(L, y))
    Ks = k(X, Xs)
    mean = Ks.T @ alpha
    v = np.linalg.solve(L, Ks)
    var_s = np.diag(k(Xs, Xs)) - np.sum(v * v, axis=0)
    nll = 0.5 * y @ alpha + np.log(L.diagonal()).sum() + 0.5 * len(y) * LOG2PI
    return nll + mean.sum() + var_s.sum()


@CASES(rng.normal(size=(4, 3)), rng.normal(size=3), [2, 0, 1, 2])
def crf_forward(emit, start, tags):
    trans = np.outer(start, start) * 0.3
    T, K = emit.shape
    score = start[tags[0]] + emit[0, tags[0]]
    for t in range(1, T):
        score += trans[tags[t - 1], tags[t]] + emit[t, tags[t]]
    alpha = start + emit[0]
    for t in range(1, T):
        alpha = np.array([logsumexp(alpha + trans[:, j]) for j in range(K)]) + emit[t]
    return score - logsumexp(alpha)


@dataclass(frozen=True)
class Option:
    strike: float
    expiry: float
    kind: str = "call"

    def payoff(self, S):
        return np.maximum(S - self.strike, 0.0) if self.kind == "call" else np.maximum(self.strike - S, 0.0)


BOOK = [Option(95.0, 0.5), Option(105.0, 1.0, "put"), Option(strike=100.0, expiry=0.75)]


@CASES(100.0, 0.2, 0.03, rng.normal(size=9))
def portfolio_mc(S0, vol, r, z):
    values = {}
    for i, opt in enumerate(BOOK):
        ST = S0 * np.exp((r - 0.5 * vol**2) * opt.expiry + vol * np.sqrt(opt.expiry) * z)
        values[f"{opt.kind}{i}"] = math.exp(-r * opt.expiry) * np.mean(opt.payoff(ST))
    weights = dict(zip(values, [1.0, -2.0, 0.5]))
    return sum(weights[k] * v for k, v in values.items())


@CASES(rng.normal(size=(3, 4)), rng.normal(size=(4, 4)), rng.normal(size=(4, 4)), rng.normal(size=(4, 4)))
def causal_attention_loop(x, wq, wk, wv):
    T, d = x.shape
    q, k, v = x @ wq, x @ wk, x @ wv
    out = []
    cache_k, cache_v = [], []
    for t in range(T):
        cache_k.append(k[t])
        cache_v.append(v[t])
        K = np.stack(cache_k)
        V = np.stack(cache_v)
        s = K @ q[t] / np.sqrt(d)
        a = np.exp(s - s.max())
        a /= a.sum()
        out.append(a @ V)
    return np.mean(np.stack(out) ** 2)


class Module:
    training = True

    def __call__(self, *args):
        return self.forward(*args)


class Linear(Module):
    def __init__(self, W, b):
        self.W, self.b = W, b

    def forward(self, x):
        return x @ self.W + self.b


class BatchNorm(Module):
    def __init__(self, n, momentum=0.1):
        self.gamma, self.beta = np.ones(n), np.zeros(n)
        self.mean, self.var = np.zeros(n), np.ones(n)
        self.momentum = momentum

    def forward(self, x):
        if self.training:
            m, v = x.mean(0), x.var(0)
            self.mean = (1 - self.momentum) * self.mean + self.momentum * m
            self.var = (1 - self.momentum) * self.var + self.momentum * v
        else:
            m, v = self.mean, self.var
        return self.gamma * (x - m) / np.sqrt(v + 1e-5) + self.beta


class ReLU(Module):
    def forward(self, x):
        return x * (x > 0)


class Sequential(Module):
    def __init__(self, *layers):
        self.layers = layers

    def forward(self, x):
        for l in self.layers:
            x = l(x)
        return x

    def eval(self):
        for l in self.layers:
            l.training = False
        return self


@CASES(rng.normal(size=(4, 3)), rng.normal(size=(3, 5)), rng.normal(size=5), rng.normal(size=(5, 2)))
def sequential_modules(x, W1, b1, W2):
    net = Sequential(Linear(W1, b1), BatchNorm(5), ReLU(), Linear(W2, 0.1))
    y = net(x)
    z = net.eval()(x)
    return np.sum(y**2) + np.sum(z)


@CASES(rng.normal(size=(2, 3, 5, 5)), rng.normal(size=(4, 3, 3, 3)) * 0.3, rng.normal(size=4), 2, 1)
@CASES(rng.normal(size=(2, 3, 5, 5)), rng.normal(size=(4, 3, 3, 3)) * 0.3, rng.normal(size=4), 1, 0)
def conv_im2col_indices(x, w, b, stride, pad):
    N, C, H, W = x.shape
    F, _, kh, kw = w.shape
    oh, ow = (H + 2 * pad - kh) // stride + 1, (W + 2 * pad - kw) // stride + 1
    xp = np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad)), mode="constant")
    i0 = np.tile(np.repeat(np.arange(kh), kw), C)
    i1 = stride * np.repeat(np.arange(oh), ow)
    j0 = np.tile(np.arange(kw), kh * C)
    j1 = stride * np.tile(np.arange(ow), oh)
    i = i0.reshape(-1, 1) + i1.reshape(1, -1)
    j = j0.reshape(-1, 1) + j1.reshape(1, -1)
    k = np.repeat(np.arange(C), kh * kw).reshape(-1, 1)
    cols = xp[:, k, i, j].transpose(1, 2, 0).reshape(C * kh * kw, -1)
    out = w.reshape(F, -1) @ cols + b[:, None]
    out = out.reshape(F, oh, ow, N).transpose(3, 0, 1, 2)
    return np.mean(out**2)


@CASES(rng.uniform(0.1, 1, size=(3, 4)), rng.uniform(0.1, 1, size=3))
def plackett_luce(skill, w):
    rankings = [[2, 0, 1, 3], [0, 1, 2, 3], [3, 2, 1, 0]]
    total = 0.0
    for weight, s, ranking in zip(w, skill, rankings):
        remaining = list(ranking)
        while remaining:
            first = remaining.pop(0)
            total += weight * (np.log(s[first]) - np.log(s[first] + sum(s[j] for j in remaining)))
    return -total


@dataclass
class Particle:
    pos: np.ndarray
    vel: np.ndarray
    mass: float = 1.0
    pinned: bool = False
    force: np.ndarray = field(default_factory=lambda: np.zeros(2))

    def apply(self, f):
        self.force = self.force + f

    def integrate(self, dt):
        if self.pinned:
            return
        self.vel = self.vel + dt * self.force / self.mass
        self.pos = self.pos + dt * self.vel
        self.force = np.zeros(2)


@dataclass
class Spring:
    a: int
    b: int
    k: float
    rest: float = 1.0


@CASES(rng.normal(size=(4, 2)), 5.0, 0.3)
def mass_spring_objects(x0, k, damping):
    ps = [Particle(x.copy(), np.zeros(2), pinned=(i == 0)) for i, x in enumerate(x0)]
    springs = [Spring(i, i + 1, k) for i in range(len(ps) - 1)] + [Spring(0, 3, k * 0.5, rest=2.0)]
    g = np.array([0, -9.8])
    for _ in range(4):
        for p in ps:
            p.apply(p.mass * g - damping * p.vel)
        for s in springs:
            d = ps[s.b].pos - ps[s.a].pos
            L = np.linalg.norm(d)
            f = s.k * (L - s.rest) * d / L
            ps[s.a].apply(f)
            ps[s.b].apply(-f)
        for p in ps:
            p.integrate(0.02)
    return sum(0.5 * p.mass * np.dot(p.vel, p.vel) for p in ps) + ps[-1].pos[1]


@CASES(rng.normal(size=(6, 7)), rng.normal(size=(3, 3)), "reflect")
@CASES(rng.normal(size=(6, 7)), rng.normal(size=(3, 3)), "edge")
@CASES(rng.normal(size=(6, 7)), rng.normal(size=(3, 3)), "wrap")
@CASES(rng.normal(size=(6, 7)), rng.normal(size=(3, 3)), "symmetric")
@CASES(rng.normal(size=(6, 7)), rng.normal(size=(3, 3)), "constant")
def conv2d_padding_modes(img, kernel, mode):
    kh, kw = kernel.shape
    p = np.pad(img, ((kh // 2, kh // 2), (kw // 2, kw // 2)), mode=mode)
    out = np.zeros_like(img)
    flipped = kernel[::-1, ::-1]
    for i in range(kh):
        for j in range(kw):
            out += flipped[i, j] * p[i : i + img.shape[0], j : j + img.shape[1]]
    return out


@CASES(rng.uniform(size=(4, 5)), rng.normal(size=(4, 5, 2)) * 0.3)
def optical_flow_loss(I0, flow):
    H, W = I0.shape
    I1 = np.roll(I0, 1, axis=1) * 0.9

    def sample(img, y, x):
        y = min(max(y, 0.0), H - 1.0)
        x = min(max(x, 0.0), W - 1.0)
        y0 = min(int(y), H - 2)
        x0 = min(int(x), W - 2)
        a, b = y - y0, x - x0
        top = (1 - b) * img[y0, x0] + b * img[y0, x0 + 1]
        bot = (1 - b) * img[y0 + 1, x0] + b * img[y0 + 1, x0 + 1]
        return (1 - a) * top + a * bot

    data = 0.0
    for y in range(H):
        for x in range(W):
            r = sample(I1, y + flow[y, x, 1], x + flow[y, x, 0]) - I0[y, x]
            data += math.sqrt(r * r + 1e-6)
    smooth = np.sum(np.diff(flow, axis=0) ** 2) + np.sum(np.diff(flow, axis=1) ** 2)
    return data + 0.1 * smooth


@CASES(rng.normal(size=8), rng.normal(size=8))
def fft_iterative_bitrev(re, im):
    n = len(re)
    re, im = re.copy(), im.copy()
    j = 0
    for i in range(1, n):
        bit = n >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j |= bit
        if i < j:
            re[i], re[j] = re[j], re[i]
            im[i], im[j] = im[j], im[i]
    length = 2
    while length <= n:
        ang = -2 * math.pi / length
        for i in range(0, n, length):
            for k in range(length // 2):
                wr, wi = math.cos(ang * k), math.sin(ang * k)
                a, b = i + k, i + k + length // 2
                ur, ui = re[a], im[a]
                vr, vi = re[b] * wr - im[b] * wi, re[b] * wi + im[b] * wr
                re[a], im[a] = ur + vr, ui + vi
                re[b], im[b] = ur - vr, ui - vi
        length *= 2
    return re**2 + im**2


@CASES(rng.normal(size=9), 0.3)
def ema_crossover_flags(p, a):
    fast = slow = p[0]
    position = 0
    pnl = 0.0
    entry = None
    trades = []
    for t, price in enumerate(p[1:], 1):
        fast = a * price + (1 - a) * fast
        slow = a / 2 * price + (1 - a / 2) * slow
        if position == 0 and fast > slow:
            position, entry = 1, price
        elif position == 1 and fast < slow:
            trades.append(price - entry)
            position = 0
    if position:
        pnl += p[-1] - entry
    return (pnl + sum(trades)) * a


class CubicSpline:
    def __init__(self, x, y):
        self.x, self.y = np.asarray(x), np.asarray(y)
        self._m = None

    @property
    def moments(self):
        if self._m is None:
            self._m = self._solve()
        return self._m

    def _solve(self):
        n = len(self.x)
        h = np.diff(self.x)
        A = np.eye(n)
        r = np.zeros(n)
        for i in range(1, n - 1):
            A[i, i - 1 : i + 2] = h[i - 1] / 6, (h[i - 1] + h[i]) / 3, h[i] / 6
            r[i] = (self.y[i + 1] - self.y[i]) / h[i] - (self.y[i] - self.y[i - 1]) / h[i - 1]
        return np.linalg.solve(A, r)

    def __call__(self, q):
        if np.ndim(q) > 0:
            return np.array([self(v) for v in q])
        i = int(np.clip(np.searchsorted(self.x, q, side="right") - 1, 0, len(self.x) - 2))
        h = self.x[i + 1] - self.x[i]
        a, b = (self.x[i + 1] - q) / h, (q - self.x[i]) / h
        m = self.moments
        return a * self.y[i] + b * self.y[i + 1] + ((a**3 - a) * m[i] + (b**3 - b) * m[i + 1]) * h * h / 6


@CASES(np.array([0.0, 1.0, 2.5, 3.0]), rng.normal(size=4), np.array([0.5, 1.7, 2.9]))
def spline_class(x, y, q):
    s = CubicSpline(x, y)
    return s(1.2) + s(q).sum()


@CASES(rng.normal(size=(3, 3)))
def determinant_recursive(M):
    def det(A):
        n = A.shape[0]
        if n == 1:
            return A[0, 0]
        if n == 2:
            return A[0, 0] * A[1, 1] - A[0, 1] * A[1, 0]
        total = 0.0
        for j in range(n):
            minor = np.delete(np.delete(A, 0, axis=0), j, axis=1)
            total += (-1) ** j * A[0, j] * det(minor)
        return total

    return det(M)


@CASES(rng.normal(size=(6, 2)))
def convex_hull_area_shoelace(pts):
    start = int(np.argmin(pts[:, 0]))
    hull = [start]
    cur = start
    while True:
        nxt = (cur + 1) % len(pts)
        for k in range(len(pts)):
            a, b = pts[nxt] - pts[cur], pts[k] - pts[cur]
            if a[0] * b[1] - a[1] * b[0] < 0:
                nxt = k
        if nxt == start:
            break
        hull.append(nxt)
        cur = nxt
        if len(hull) > len(pts):
            break
    area = 0.0
    for i in range(len(hull)):
        p, q = pts[hull[i]], pts[hull[(i + 1) % len(hull)]]
        area += p[0] * q[1] - p[1] * q[0]
    return 0.5 * abs(area)


@CASES(np.array([1.0, 0.5, 0.2]))
def signal_zero_crossings_while(c):
    roots = []
    x, dx = 0.0, 0.25
    f = lambda x: c[0] * math.cos(3 * x) + c[1] * math.sin(x) - c[2]
    while x < 3.0:
        if f(x) * f(x + dx) < 0:
            a, b = x, x + dx
            for _ in range(50):
                m = 0.5 * (a + b)
                if f(a) * f(m) <= 0:
                    b = m
                else:
                    a = m
            for _ in range(3):
                df = -3 * c[0] * math.sin(3 * m) + c[1] * math.cos(m)
                m = m - f(m) / df
            roots.append(m)
        x += dx
    return sum(roots)
