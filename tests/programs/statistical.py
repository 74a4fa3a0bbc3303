"""Likelihoods, filters, tests and regressions."""

import math
import numpy as np
from dataclasses import dataclass
from typing import NamedTuple, Any
from tests.suites.support import Cases

CASES = Cases()
rng = np.random.default_rng(2)


def spd(n):
    a = rng.normal(size=(n, n))
    return a @ a.T + n * np.eye(n)


@CASES(rng.normal(size=3), rng.normal(size=(3, 2)), rng.normal(size=(3, 2)), rng.normal(size=(10, 2)))
def gmm_diag_loglik(logits, means, logsig, X):
    logpi = logits - np.log(np.sum(np.exp(logits)))
    N, D = X.shape
    lp = np.empty((N, len(logits)))
    for k in range(len(logits)):
        z = (X - means[k]) / np.exp(logsig[k])
        lp[:, k] = logpi[k] - 0.5 * np.sum(z * z, axis=1) - logsig[k].sum() - 0.5 * D * np.log(2 * np.pi)
    m = lp.max(axis=1, keepdims=True)
    return np.sum(m.squeeze() + np.log(np.exp(lp - m).sum(axis=1)))


@CASES(rng.normal(size=(12, 1)), rng.normal(size=2))
def em_two_gaussians(x, mu0):
    mu = mu0.copy()
    sig = np.ones(2)
    pi = np.array([0.5, 0.5])
    for _ in range(5):
        dens = pi * np.exp(-0.5 * ((x - mu) / sig) ** 2) / (sig * math.sqrt(2 * math.pi))
        r = dens / dens.sum(axis=1)[:, np.newaxis]
        Nk = r.sum(0)
        mu = (r * x).sum(0) / Nk
        sig = np.sqrt((r * (x - mu) ** 2).sum(0) / Nk + 1e-6)
        pi = Nk / len(x)
    return np.log((pi * np.exp(-0.5 * ((x - mu) / sig) ** 2) / sig).sum(1)).sum()


@CASES(rng.normal(size=(3, 3)), rng.normal(size=(3, 4)), rng.normal(size=3), np.array([0, 3, 1, 1, 2, 0]))
def hmm_forward_logspace(logA, logB, logpi, obs):
    logA = logA - np.logaddexp.reduce(logA, axis=1, keepdims=True)
    alpha = logpi + logB[:, obs[0]]
    for t in range(1, len(obs)):
        alpha = np.logaddexp.reduce(alpha[:, None] + logA, axis=0) + logB[:, obs[t]]
    return np.logaddexp.reduce(alpha)


@CASES(rng.uniform(0.1, 1, size=(3, 3)), rng.uniform(0.1, 1, size=(3, 4)), np.array([0, 3, 1, 1, 2, 0]))
def baum_welch_step(A, B, obs):
    A = A / A.sum(1, keepdims=True)
    B = B / B.sum(1, keepdims=True)
    T = len(obs)
    S = A.shape[0]
    alpha = np.zeros((T, S))
    beta = np.ones((T, S))
    c = np.zeros(T)
    alpha[0] = B[:, obs[0]] / S
    c[0] = 1 / alpha[0].sum()
    alpha[0] *= c[0]
    for t in range(1, T):
        alpha[t] = (alpha[t - 1] @ A) * B[:, obs[t]]
        c[t] = 1.0 / alpha[t].sum()
        alpha[t] *= c[t]
    beta[T - 1] *= c[T - 1]
    for t in range(T - 2, -1, -1):
        beta[t] = c[t] * (A @ (B[:, obs[t + 1]] * beta[t + 1]))
    gamma = alpha * beta / c[:, None]
    xi = np.zeros((S, S))
    for t in range(T - 1):
        xi += alpha[t][:, None] * A * B[:, obs[t + 1]] * beta[t + 1]
    Anew = xi / gamma[:-1].sum(0)[:, None]
    Bnew = np.zeros_like(B)
    for t in range(T):
        Bnew[:, obs[t]] += gamma[t]
    Bnew /= gamma.sum(0)[:, None]
    return Anew, Bnew


@CASES(np.array([0.5, 0.1, 0.2, 0.3]), rng.normal(size=8))
def kalman_local_level(theta, y):
    q, r = np.exp(theta[0]), np.exp(theta[1])
    F = np.array([[1.0, 1.0], [0.0, 1.0]])
    H = np.array([[1.0, 0.0]])
    Q = q * np.eye(2)
    R = r * np.eye(1)
    m = theta[2:]
    P = np.eye(2)
    ll = 0.0
    for t in range(y.shape[0]):
        m = F @ m
        P = F @ P @ F.T + Q
        v = y[t] - H @ m
        S = H @ P @ H.T + R
        K = P @ H.T @ np.linalg.inv(S)
        m = m + K @ v
        P = (np.eye(2) - K @ H) @ P
        ll += -0.5 * (np.log(2 * np.pi * S[0, 0]) + v[0] ** 2 / S[0, 0])
    return ll


@CASES(np.array([0.9, 0.4]), rng.normal(size=(4, 5)), rng.normal(size=4), (rng.uniform(size=4) * 1000).astype(int))
def particle_filter(theta, noise, y, us):
    T, N = noise.shape
    x = np.zeros(N)
    ll = 0.0
    for t in range(T):
        x = theta[0] * x + np.exp(theta[1]) * noise[t]
        logw = -0.5 * (y[t] - x) ** 2
        mx = np.max(logw)
        w = np.exp(logw - mx)
        ll += mx + np.log(np.mean(w))
        w = w / np.sum(w)
        cs = np.cumsum(w)
        idx = np.searchsorted(cs, (us[t] / 1000 + np.arange(N)) / N)
        idx = np.minimum(idx, N - 1)
        x = x[idx]
    return ll


@CASES(rng.normal(size=4), rng.normal(size=(9, 4)), rng.integers(0, 2, size=9))
def logistic_irls_nll(w, X, y):
    z = X @ w
    nll = np.sum(np.logaddexp(0, z) - y * z)
    p = 1 / (1 + np.exp(-z))
    H = X.T @ (X * (p * (1 - p))[:, None]) + 1e-3 * np.eye(len(w))
    return nll + 0.5 * np.log(np.linalg.det(H))


@CASES(rng.normal(size=3) * 0.3, rng.normal(size=(9, 3)), rng.poisson(2.0, size=9))
def poisson_regression(beta, X, counts):
    eta = X.dot(beta)
    lam = np.exp(eta)
    lgam = np.array([math.lgamma(c + 1) for c in counts])
    return -(counts * eta - lam - lgam).sum() + 0.1 * np.linalg.norm(beta) ** 2


@CASES(np.array([0.1, -0.2, 0.3]), rng.uniform(0, 3, size=(7, 2)), rng.normal(size=7))
def gp_marginal(theta, X, y):
    ell, sf, sn = np.exp(theta)
    d2 = np.sum(X**2, 1).reshape(-1, 1) + np.sum(X**2, 1) - 2 * X @ X.T
    K = sf**2 * np.exp(-0.5 * d2 / ell**2) + (sn**2 + 1e-8) * np.eye(len(y))
    L = np.linalg.cholesky(K)
    alpha = np.linalg.solve(L.T, np.linalg.solve(L, y))
    return 0.5 * y @ alpha + np.sum(np.log(np.diag(L))) + 0.5 * len(y) * np.log(2 * np.pi)


def matern(r, nu, ell):
    if nu == 0.5:
        return np.exp(-r / ell)
    elif nu == 1.5:
        s = np.sqrt(3) * r / ell
        return (1 + s) * np.exp(-s)
    elif nu == 2.5:
        s = np.sqrt(5) * r / ell
        return (1 + s + s**2 / 3) * np.exp(-s)
    raise ValueError("nu must be 0.5, 1.5 or 2.5")


@CASES(0.7, rng.uniform(0, 3, size=6), rng.normal(size=6), rng.uniform(0, 3, size=4))
def gp_predict(ell, x, y, xs, nu=1.5):
    K = matern(np.abs(x[:, None] - x[None, :]), nu, ell) + 1e-2 * np.identity(x.size)
    Ks = matern(np.abs(np.subtract.outer(xs, x)), nu, ell)
    mean = Ks @ np.linalg.solve(K, y)
    var = 1.0 - np.einsum("ij,ji->i", Ks, np.linalg.solve(K, Ks.T))
    return mean, var


@CASES(np.array([0.3, -0.2]), rng.normal(size=(6, 2)), rng.uniform(size=6))
def mcmc_given_draws(start, prop, us):
    def logp(x):
        return -0.5 * (x[0] ** 2 + 4 * (x[1] - 0.5 * x[0] ** 2) ** 2)

    x = start
    lp = logp(x)
    chain = np.zeros((6, 2))
    acc = 0
    for t in range(6):
        cand = x + 0.7 * prop[t]
        lpc = logp(cand)
        if np.log(us[t]) < lpc - lp:
            x, lp = cand, lpc
            acc += 1
        chain[t] = x
    return chain.mean(0), acc / 6


@CASES(np.array([0.5, -0.3, 0.2]), rng.normal(size=10))
def arma11_css(theta, y):
    phi, ma, c = theta
    e = np.zeros(len(y))
    for t in range(1, len(y)):
        e[t] = y[t] - c - phi * y[t - 1] - ma * e[t - 1]
    s2 = np.mean(e[1:] ** 2)
    return 0.5 * len(y) * np.log(s2)


@CASES(np.array([0.05, 0.1, 0.8]), rng.normal(size=12))
def garch11(params, r):
    omega, alpha, beta = params
    var = np.zeros_like(r)
    var[0] = r.var()
    for t in range(1, r.size):
        var[t] = omega + alpha * r[t - 1] ** 2 + beta * var[t - 1]
    ll = -0.5 * (np.log(2 * np.pi) + np.log(var) + r**2 / var)
    return -ll.sum()


@CASES(
    rng.normal(size=2) * 0.5,
    rng.normal(size=(8, 2)),
    rng.permutation(8),
    np.array([1, 1, 0, 1, 0, 1, 1, 0], dtype=bool),
)
def cox_partial(beta, X, time, event):
    order = np.argsort(-time)
    X, event = X[order], event[order]
    eta = X @ beta
    risk = np.log(np.cumsum(np.exp(eta)))
    return -np.sum((eta - risk)[event])


@CASES(np.array([0.3, 0.2]), rng.uniform(0.5, 4, size=8), np.array([1, 1, 0, 1, 0, 1, 1, 0]))
def weibull_censored(theta, t, d):
    k, lam = np.exp(theta[0]), np.exp(theta[1])
    ll = 0.0
    for ti, di in zip(t, d):
        H = (ti / lam) ** k
        if di:
            ll += math.log(k / lam) + (k - 1) * math.log(ti / lam)
        ll -= H
    return ll


@CASES(rng.normal(size=8), np.linspace(-2, 2, 5), 0.4)
def kde(data, grid, h):
    u = (grid[:, None] - data[None, :]) / h
    return np.exp(-0.5 * u**2).sum(axis=1) / (len(data) * h * np.sqrt(2 * np.pi))


@CASES(rng.normal(size=8), np.linspace(-2, 2, 5), 0.9, "epanechnikov")
@CASES(rng.normal(size=8), np.linspace(-2, 2, 5), 0.9, "triangular")
def kde_kernels(data, grid, h, kernel):
    kernels = {
        "epanechnikov": lambda u: np.where(np.abs(u) <= 1, 0.75 * (1 - u**2), 0.0),
        "triangular": lambda u: np.maximum(1 - np.abs(u), 0),
    }
    out = []
    for g in grid:
        out.append(np.mean(kernels[kernel]((g - data) / h)) / h)
    return np.asarray(out)


@CASES(rng.normal(size=6), np.array([0.0, 0.5, 1.1, 1.9, 2.4, 3.0]), np.array([0.3, 1.0, 2.2, 2.9]))
def natural_cubic_spline(y, x, xq):
    n = len(x)
    h = np.diff(x)
    A = np.zeros((n, n))
    r = np.zeros(n)
    A[0, 0] = A[-1, -1] = 1
    for i in range(1, n - 1):
        A[i, i - 1] = h[i - 1]
        A[i, i] = 2 * (h[i - 1] + h[i])
        A[i, i + 1] = h[i]
        r[i] = 6 * ((y[i + 1] - y[i]) / h[i] - (y[i] - y[i - 1]) / h[i - 1])
    M = np.linalg.solve(A, r)
    out = np.zeros(len(xq))
    for k, q in enumerate(xq):
        j = np.searchsorted(x, q) - 1
        j = min(max(j, 0), n - 2)
        a, b = x[j + 1] - q, q - x[j]
        out[k] = (
            (M[j] * a**3 + M[j + 1] * b**3) / (6 * h[j])
            + (y[j] / h[j] - M[j] * h[j] / 6) * a
            + (y[j + 1] / h[j] - M[j + 1] * h[j] / 6) * b
        )
    return out


@CASES(rng.normal(size=7), 6)
def bspline_basis(coef, count):
    p = 3
    n = len(coef)
    xs = np.linspace(0, 1, count)
    inner = np.linspace(0, 1, n - p + 1)
    t = np.concatenate([np.zeros(p), inner, np.ones(p)])

    def basis(i, k, x):
        if k == 0:
            return 1.0 if t[i] <= x < t[i + 1] else 0.0
        a = 0.0 if t[i + k] == t[i] else (x - t[i]) / (t[i + k] - t[i]) * basis(i, k - 1, x)
        b = 0.0 if t[i + k + 1] == t[i + 1] else (t[i + k + 1] - x) / (t[i + k + 1] - t[i + 1]) * basis(i + 1, k - 1, x)
        return a + b

    total = 0.0
    for x in xs[:-1]:
        s = 0.0
        for i in range(n):
            s += coef[i] * basis(i, p, x)
        total += s**2
    return total


@CASES(rng.normal(size=8))
def isotonic_pav(y):
    n = len(y)
    level = np.zeros(n)
    weight = np.zeros(n)
    size = np.zeros(n, dtype=int)
    m = -1
    for i in range(n):
        m += 1
        level[m] = y[i]
        weight[m] = 1.0
        size[m] = 1
        while m > 0 and level[m - 1] > level[m]:
            w = weight[m - 1] + weight[m]
            level[m - 1] = (weight[m - 1] * level[m - 1] + weight[m] * level[m]) / w
            weight[m - 1] = w
            size[m - 1] += size[m]
            m -= 1
    out = np.zeros(n)
    k = 0
    for b in range(m + 1):
        for _ in range(size[b]):
            out[k] = level[b]
            k += 1
    return out


@CASES(rng.normal(size=(8, 3)))
def pca_explained(X):
    Xc = X - X.mean(0)
    C = np.cov(Xc, rowvar=False)
    w, V = np.linalg.eigh(C)
    w = w[::-1]
    return np.cumsum(w) / w.sum()


@CASES(rng.normal(size=(8, 3)))
def corr_matrix(X):
    return np.corrcoef(X, rowvar=False), np.cov(X.T, bias=True)


@CASES(rng.normal(size=9))
def robust_stats(x):
    med = np.median(x)
    mad = np.median(np.abs(x - med))
    q1, q3 = np.percentile(x, [25, 75])
    z = (x - x.mean()) / x.std(ddof=1)
    skew = np.mean(z**3)
    kurt = np.mean(z**4) - 3
    tm = np.sort(x)[1:-1].mean()
    return med, mad, q3 - q1, skew, kurt, tm, np.quantile(x, 0.3), np.ptp(x)


@CASES(rng.normal(size=(6, 4)))
def nan_stats(x):
    y = np.where(x > 1.0, np.nan, x)
    return np.nanmean(y, axis=0), np.nanstd(y), np.nanmax(y, axis=1), np.nansum(y), np.nanmedian(y)


@CASES(rng.normal(size=5), rng.normal(size=7))
def wasserstein_1d(a, b):
    a = np.sort(a)
    b = np.sort(b)
    allv = np.concatenate((a, b))
    allv.sort()
    deltas = np.diff(allv)
    ca = np.searchsorted(a, allv[:-1], side="right") / a.size
    cb = np.searchsorted(b, allv[:-1], side="right") / b.size
    return np.sum(np.abs(ca - cb) * deltas)


@CASES(rng.uniform(0.5, 2, size=3), rng.dirichlet(np.ones(3), size=4))
def dirichlet_ll(alpha, P):
    from math import lgamma

    lB = sum(lgamma(a) for a in alpha) - lgamma(alpha.sum())
    return sum(((alpha - 1) * np.log(p)).sum() - lB for p in P)


@CASES(rng.normal(size=(5, 2)), rng.normal(size=(6, 2)))
def mmd_rbf(X, Y):
    def k(A, B, gamma=0.5):
        return np.exp(-gamma * ((A[:, None, :] - B[None, :, :]) ** 2).sum(axis=2))

    Kxx, Kyy, Kxy = k(X, X), k(Y, Y), k(X, Y)
    n, m = len(X), len(Y)
    return (Kxx.sum() - np.trace(Kxx)) / (n * (n - 1)) + (Kyy.sum() - np.trace(Kyy)) / (m * (m - 1)) - 2 * Kxy.mean()


class Prior(NamedTuple):
    mu: Any
    tau: Any


@CASES(Prior(0.3, 1.2), rng.normal(size=4), rng.normal(size=(4, 5)))
def hierarchical_logp(prior, theta, data):
    def norm_logpdf(x, m, s):
        return -0.5 * ((x - m) / s) ** 2 - np.log(s) - 0.5 * np.log(2 * np.pi)

    lp = norm_logpdf(theta, prior.mu, np.exp(prior.tau)).sum()
    for j, row in enumerate(data):
        lp += np.sum(norm_logpdf(row, theta[j], 1.0))
    return lp


@CASES(rng.normal(size=3), rng.normal(size=3), rng.normal(size=(2, 3)))
def hmc_leapfrog(q, p, X):
    def U(q):
        return 0.5 * q @ q + np.sum(np.log1p(np.exp(-X @ q)))

    def dU(q):
        return q - X.T @ (1 / (1 + np.exp(X @ q)))

    eps = 0.1
    H0 = U(q) + 0.5 * p @ p
    p = p - eps / 2 * dU(q)
    for i in range(5):
        q = q + eps * p
        if i != 4:
            p = p - eps * dU(q)
    p = p - eps / 2 * dU(q)
    return H0 - (U(q) + 0.5 * p @ p)


@CASES(rng.normal(size=10), np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0]))
def anova_groups(y, g):
    groups = [y[g == k] for k in range(3)]
    grand = y.mean()
    ssb = sum(len(v) * (v.mean() - grand) ** 2 for v in groups)
    ssw = sum(((v - v.mean()) ** 2).sum() for v in groups)
    return ssb / 2 / (ssw / 7)


@CASES(rng.normal(size=10), np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0]))
def group_means_bincount(y, g):
    s = np.bincount(g, weights=y, minlength=3)
    n = np.bincount(g, minlength=3)
    m = s / n
    return np.sum((y - m[g]) ** 2)


@CASES(rng.normal(size=(5, 3)), rng.integers(0, 3, size=5))
def softmax_ce(logits, y):
    z = logits - logits.max(axis=-1, keepdims=True)
    logp = z - np.log(np.exp(z).sum(axis=-1, keepdims=True))
    return -logp[np.arange(len(y)), y].mean()


@CASES(rng.normal(size=3), rng.normal(size=(8, 3)), rng.normal(size=8), 0.3)
def quantile_regression(b, X, y, tau):
    r = y - X @ b
    return np.sum(np.where(r >= 0, tau * r, (tau - 1) * r))


@CASES(rng.normal(size=3), rng.normal(size=(8, 3)), rng.normal(size=8), 1.0)
def huber(b, X, y, delta):
    r = np.abs(y - X @ b)
    small = r <= delta
    loss = np.zeros_like(r)
    loss[small] = 0.5 * r[small] ** 2
    loss[~small] = delta * (r[~small] - 0.5 * delta)
    return loss.sum()


@CASES(rng.normal(size=8), rng.normal(size=8))
def ranks_spearman(x, y):
    rx = np.argsort(np.argsort(x))
    w = rx / len(x)
    return np.sum(w * y) + np.dot(x, y) / np.sqrt(np.dot(x, x) * np.dot(y, y))


@CASES(rng.normal(size=12))
def autocorr_acf(x):
    x = x - x.mean()
    n = len(x)
    full = np.correlate(x, x, mode="full")[n - 1 :]
    return full[:4] / full[0]


@CASES(rng.normal(size=6), 3)
def polyfit_vander(y, deg):
    x = np.linspace(-1, 1, len(y))
    V = np.vander(x, deg + 1)
    c = np.linalg.solve(V.T @ V, V.T @ y)
    return np.polyval(c, 0.3), c


@CASES(rng.normal(size=6))
def polyfit_np(y):
    x = np.linspace(-1, 1, 6)
    c = np.polyfit(x, y, 2)
    return np.polyval(c, x).sum()
