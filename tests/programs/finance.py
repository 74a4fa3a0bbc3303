"""Prices, trees, paths and curves."""

import math
import numpy as np
from dataclasses import dataclass
from tests.suites.support import Cases

CASES = Cases()
rng = np.random.default_rng(3)


@CASES(100.0, 105.0, 0.03, 0.2, 1.0)
def black_scholes(S, K, r, sigma, T):
    def N(x):
        return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))

    d1 = (math.log(S / K) + (r + 0.5 * sigma**2) * T) / (sigma * math.sqrt(T))
    d2 = d1 - sigma * math.sqrt(T)
    return S * N(d1) - K * math.exp(-r * T) * N(d2)


@CASES(100.0, 0.03, 0.2, "put")
@CASES(100.0, 0.03, 0.2, "call")
def binomial_american(S0, r, sigma, kind):
    n, T, K = 8, 1.0, 101.0
    dt = T / n
    u = math.exp(sigma * math.sqrt(dt))
    d = 1 / u
    p = (math.exp(r * dt) - d) / (u - d)
    disc = math.exp(-r * dt)
    ST = [S0 * u**j * d ** (n - j) for j in range(n + 1)]
    V = [max(s - K, 0.0) if kind == "call" else max(K - s, 0.0) for s in ST]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1):
            cont = disc * (p * V[j + 1] + (1 - p) * V[j])
            s = S0 * u**j * d ** (i - j)
            ex = s - K if kind == "call" else K - s
            V[j] = max(cont, ex)
    return V[0]


@CASES(101.3, 0.05, 0.25)
def crr_vectorized(S0, r, sigma):
    N, T, K = 10, 1.0, 100.0
    dt = T / N
    u = np.exp(sigma * np.sqrt(dt))
    d = 1.0 / u
    q = (np.exp(r * dt) - d) / (u - d)
    S = S0 * d ** np.arange(N, -1, -1) * u ** np.arange(0, N + 1)
    V = np.maximum(K - S, 0)
    for i in np.arange(N - 1, -1, -1):
        S = S0 * d ** (np.arange(i, -1, -1)) * u ** (np.arange(0, i + 1))
        V = np.maximum(np.exp(-r * dt) * (q * V[1 : i + 2] + (1 - q) * V[0 : i + 1]), K - S)
    return V[0]


@CASES(100.0, 0.2, 0.05, rng.normal(size=(6, 8)))
def mc_barrier(S0, sigma, r, Z):
    n, m = Z.shape
    dt = 1.0 / m
    payoff = 0.0
    for i in range(n):
        S = S0
        alive = True
        for j in range(m):
            S *= math.exp((r - 0.5 * sigma**2) * dt + sigma * math.sqrt(dt) * Z[i, j])
            if S > 140.0:
                alive = False
                break
        if alive:
            payoff += max(S - 100.0, 0.0)
    return math.exp(-r) * payoff / n


@CASES(100.0, 0.3, 0.05, rng.normal(size=(4, 8)))
def mc_asian_vectorized(S0, sigma, r, Z):
    dt = 1 / Z.shape[1]
    paths = S0 * np.exp(np.cumsum((r - sigma**2 / 2) * dt + sigma * np.sqrt(dt) * Z, axis=1))
    geo = np.exp(np.log(paths).mean(axis=1))
    return np.exp(-r) * np.mean(np.maximum(paths.mean(axis=1) - S0, 0) - np.maximum(geo - S0, 0))


@CASES(36.0, 0.2, 0.06, rng.normal(size=(14, 5)))
def longstaff_schwartz(S0, sigma, r, Z):
    n, m = Z.shape
    dt = 1.0 / m
    K = 40.0
    S = S0 * np.exp(np.cumsum((r - 0.5 * sigma**2) * dt + sigma * np.sqrt(dt) * Z, axis=1))
    cash = np.maximum(K - S[:, -1], 0)
    for t in range(m - 2, -1, -1):
        cash = cash * np.exp(-r * dt)
        itm = S[:, t] < K
        if np.sum(itm) > 3:
            x = S[itm, t] / K
            A = np.stack([np.ones_like(x), x, x**2], axis=1)
            coef = np.linalg.solve(A.T @ A + 1e-10 * np.eye(3), A.T @ cash[itm])
            cont = A @ coef
            ex = K - S[itm, t]
            exercise = ex > cont
            idx = np.where(itm)[0][exercise]
            cash[idx] = ex[exercise]
    return np.exp(-r * dt) * cash.mean()


@CASES(np.array([0.02, 0.025, 0.028, 0.03]))
def bootstrap_curve(par):
    n = len(par)
    df = np.zeros(n)
    for i in range(n):
        df[i] = (1 - par[i] * df[:i].sum()) / (1 + par[i])
    zero = -np.log(df) / np.arange(1, n + 1)
    fwd = df[:-1] / df[1:] - 1
    return zero, fwd


@CASES(np.array([0.02, 0.03, 0.035]), np.array([1.0, 2.0, 5.0]), 0.04)
def bond_price_duration(zeros, tenors, coupon):
    price = 0.0
    dur = 0.0
    for k in range(1, 9):
        t = k * 0.5
        z = np.interp(t, tenors, zeros)
        cf = coupon / 2 * 100 + (100 if k == 8 else 0)
        pv = cf * np.exp(-z * t)
        price += pv
        dur += t * pv
    return price, dur / price


@CASES(10.0, 100.0, 0.02)
def implied_vol_newton(price, K, r):
    S, T = 100.0, 1.0
    sig = 0.3
    for _ in range(30):
        d1 = (math.log(S / K) + (r + sig * sig / 2) * T) / (sig * math.sqrt(T))
        d2 = d1 - sig * math.sqrt(T)
        n = lambda x: (1 + math.erf(x / math.sqrt(2))) / 2
        c = S * n(d1) - K * math.exp(-r * T) * n(d2)
        vega = S * math.exp(-d1 * d1 / 2) / math.sqrt(2 * math.pi) * math.sqrt(T)
        diff = c - price
        if abs(diff) < 1e-12:
            break
        sig -= diff / vega
    return sig


@dataclass
class Heston:
    kappa: float
    theta: float
    xi: float
    rho: float


@CASES(Heston(1.5, 0.04, 0.3, -0.6), 0.05, rng.normal(size=(5, 6)), rng.normal(size=(5, 6)))
def heston_mc(p, v0, Z1, Z2):
    dt = 1 / Z1.shape[1]
    logS = np.zeros(Z1.shape[0])
    v = np.full(Z1.shape[0], v0)
    for j in range(Z1.shape[1]):
        vp = np.maximum(v, 0.0)
        w2 = p.rho * Z1[:, j] + math.sqrt(1 - p.rho**2) * Z2[:, j]
        logS += -0.5 * vp * dt + np.sqrt(vp * dt) * Z1[:, j]
        v = v + p.kappa * (p.theta - vp) * dt + p.xi * np.sqrt(vp * dt) * w2
    return np.mean(np.maximum(np.exp(logS) - 1.0, 0))


@CASES(rng.uniform(-0.1, 0.1, size=(10, 3)), rng.normal(size=3))
def portfolio_sharpe(R, w):
    w = np.exp(w) / np.sum(np.exp(w))
    port = R @ w
    wealth = np.cumprod(1 + port)
    peak = np.maximum.accumulate(wealth)
    dd = (wealth - peak) / peak
    return port.mean() / port.std(), dd.min()


@CASES(np.array([0.1, 0.05]), np.array([[0.04, 0.01], [0.01, 0.09]]), 2.0)
def mean_variance(mu, Sigma, gamma):
    inv = np.linalg.inv(Sigma)
    one = np.ones(2)
    lam = (one @ inv @ mu - gamma) / (one @ inv @ one)
    w = inv @ (mu - lam * one) / gamma
    return w @ mu - gamma / 2 * w @ Sigma @ w


@CASES(np.array([-100.0, 30.0, 40.0, 50.0, 20.0]))
def irr_newton(cf):
    r = 0.1
    t = np.arange(len(cf))
    for i in range(50):
        f = np.sum(cf / (1 + r) ** t)
        df = np.sum(-t * cf / (1 + r) ** (t + 1))
        step = f / df
        r = r - step
        if abs(step) < 1e-14:
            break
    return r


@CASES(0.03, 0.1, 0.05, 0.01, rng.normal(size=(3, 10)))
def vasicek_zcb(r0, a, b, sigma, Z):
    total = 0.0
    for path in Z:
        r = r0
        integral = 0.0
        for z in path:
            integral += r * 0.1
            r += a * (b - r) * 0.1 + sigma * z * np.sqrt(0.1)
        total += np.exp(-integral)
    return total / len(Z)


@CASES(0.2, 0.05, 6, 3)
def explicit_fd_option(sigma, r, M, N):
    K, Smax, T = 1.0, 3.0, 0.5
    dS = Smax / M
    dt = T / N / 2
    S = np.linspace(0, Smax, M + 1)
    V = np.maximum(S - K, 0)
    j = np.arange(1, M)
    a = 0.5 * dt * (sigma**2 * j**2 - r * j)
    b = 1 - dt * (sigma**2 * j**2 + r)
    c = 0.5 * dt * (sigma**2 * j**2 + r * j)
    for n in range(2 * N):
        V[1:M] = a * V[0 : M - 1] + b * V[1:M] + c * V[2 : M + 1]
        V[0] = 0
        V[M] = Smax - K * math.exp(-r * (n + 1) * dt)
    return np.interp(1.1, S, V)


@CASES(np.array([0.01, 0.02, 0.05]), 0.4)
def cds_spread(hazards, rec):
    surv = 1.0
    prem = 0.0
    prot = 0.0
    for i, h in enumerate(hazards, start=1):
        df = math.exp(-0.03 * i)
        s_new = surv * math.exp(-h)
        prem += df * s_new
        prot += df * (surv - s_new) * (1 - rec)
        surv = s_new
    return prot / prem * 1e4


@CASES(np.array([[100.0, 101.0, 99.5], [50.0, 51.0, 50.5]]), {"window": 2, "alpha": 0.3})
def indicators(prices, opts):
    ema = np.empty_like(prices)
    ema[:, 0] = prices[:, 0]
    for t in range(1, prices.shape[1]):
        ema[:, t] = opts["alpha"] * prices[:, t] + (1 - opts["alpha"]) * ema[:, t - 1]
    w = opts["window"]
    sma = np.stack([np.convolve(p, np.ones(w) / w, mode="valid") for p in prices])
    ret = np.diff(np.log(prices), axis=1)
    return ema[:, -1], sma, ret.std(axis=1) * np.sqrt(252)
