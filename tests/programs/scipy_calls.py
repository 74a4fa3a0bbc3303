"""Functions of SciPy as programs call them: distributions, special functions, matrices, rules, filters, distances."""

import numpy as np
import scipy.integrate
import scipy.linalg
import scipy.signal
import scipy.special as sc
import scipy.stats as stats
from scipy.spatial.distance import cdist, pdist
from scipy.stats import norm

from tests.suites.support import Cases

CASES = Cases()
rng = np.random.default_rng(8)
SQUARE = rng.normal(size=(3, 3))
DEFINITE = SQUARE @ SQUARE.T + 3.0 * np.eye(3)
cumulative = norm.cdf


@CASES(100.0, 105.0, 0.7, 0.02, 0.25, "put")
@CASES(np.array([90.0, 100.0]), 105.0, 0.7, 0.02, 0.25, "call")
def black_scholes_norm(S, K, T, r, sigma, kind):
    d1 = (np.log(S / K) + (r + sigma**2 / 2) * T) / (sigma * np.sqrt(T))
    d2 = d1 - sigma * np.sqrt(T)
    if kind == "call":
        return S * norm.cdf(d1) - K * np.exp(-r * T) * cumulative(d2)
    return K * np.exp(-r * T) * norm.cdf(-d2) - S * norm.cdf(-d1)


@CASES(0.25, 1.2, np.array([0.3, 1.2, 2.2]))
def normal_of_all_kinds(mu, s, x):
    tails = stats.norm.logcdf(x, mu, s).sum() + stats.norm.sf(x, mu, s).sum() + stats.norm.logsf(-x).sum()
    quantiles = np.sum(stats.norm.ppf(x / 5, mu, s)) + stats.norm.isf(0.1, mu) + s * norm.ppf(0.975)
    return tails + quantiles + stats.norm.pdf(mu) + stats.norm.pdf(1) * s + norm.logpdf(x, loc=mu, scale=s).sum()


@CASES(0.7, 1.3, np.array([0, 1, 3, 2]))
def other_distributions(lam, s, k):
    x = np.array([0.3, 1.0, 2.5])
    total = stats.poisson.logpmf(k, lam).sum() + stats.poisson.pmf(2, lam) + stats.expon.logpdf(x, scale=1 / lam).sum()
    total += np.sum(stats.expon.cdf(x, scale=s)) + stats.expon.pdf(x, 0.0, s).sum() + stats.expon.sf(x[0], scale=s)
    total += stats.t.logpdf(x, 3.0, 0.1, s).sum() + stats.t.pdf(lam, s)
    total += stats.gamma.logpdf(x, 2.0, scale=s).sum() + stats.gamma.pdf(x, lam).sum()
    total += stats.laplace.logpdf(x, lam, s).sum() + stats.laplace.pdf(lam)
    return total + stats.cauchy.logpdf(x, lam, s).sum() + stats.cauchy.pdf(s, scale=lam)


@CASES(-1.2)
def no_density_for_a_negative_scale(s):
    return np.isnan(norm.pdf(0.3, 0.0, s)) * s


@CASES(np.array([0.3, 0.7]), np.array([2.2, 0.4]))
def special_functions(x, y):
    bessel = sc.j0(y) + sc.j1(y) + sc.y0(y) + sc.y1(y) + sc.i0(y) + sc.i1(y) + sc.i0e(-y) + sc.i1e(y) + sc.k0(y) + sc.k1(y)
    betas = sc.beta(x, y) + sc.betaln(x, y) + sc.beta(x - 1.0, y) + sc.polygamma(1, y) + sc.polygamma(0, y)
    normal = sc.ndtri(x) + sc.log_ndtr(-20.0 * y) + sc.erfinv(x) + sc.exp1(y) + sc.expi(y)
    entropies = sc.rel_entr(x, y) + sc.kl_div(x, y) + sc.huber(0.5, y) + sc.multigammaln(3.5 + x[0], 2)
    return bessel + betas + normal + entropies


@CASES(np.array([0.0, 0.5]))
def bessel_at_zero(x):
    return sc.j1(x) + sc.i1(x) * 2.0 + sc.j0(x)


@CASES(DEFINITE, rng.normal(size=3))
def factored(a, b):
    c, low = scipy.linalg.cho_factor(a, lower=True)
    upper = scipy.linalg.cho_factor(a)
    w, v = scipy.linalg.eigh(a)
    solved = scipy.linalg.cho_solve((c, low), b) + scipy.linalg.cho_solve(upper, b)
    return b @ solved + np.log(np.diag(c)).sum() + w[0] + abs(v[0, 0]) + scipy.linalg.norm(a) + upper[0][1, 0]


@CASES(SQUARE, rng.normal(size=3), rng.normal(size=(3, 2)))
def lu_factors(a, b, c):
    lu, pivots = scipy.linalg.lu_factor(a)
    x = scipy.linalg.lu_solve((lu, pivots), b)
    y = scipy.linalg.lu_solve((lu, pivots), c, trans=1)
    return np.sum(x * x) + np.sum(np.sin(y)) + np.sum(lu) + pivots[0]


@CASES(SQUARE + 4.0 * np.eye(3), DEFINITE, rng.normal(size=3))
def systems_with_structure(a, s, b):
    x = scipy.linalg.solve(s, b, assume_a="pos") + scipy.linalg.solve(s, b, assume_a="sym", lower=True) ** 2
    return np.sum(x * scipy.linalg.solve_triangular(a, b, unit_diagonal=True, lower=True))


@CASES(rng.normal(size=(4, 6)), rng.normal(size=6))
def bands(ab, b):
    both = scipy.linalg.solve_banded((2, 1), ab, np.stack((b, b * b), axis=1))
    return np.sum(both**2) + np.sum(scipy.linalg.solve_banded((1, 2), ab, b))


@CASES(np.array([[0.1, 0.2, 0.1, 0.3, 0.2], [0.5, 0.4, 0.6, 0.3, 0.2], [3.0, 4.0, 5.0, 4.0, 3.0]]), rng.normal(size=5))
def definite_bands(ab, b):
    x = scipy.linalg.solveh_banded(ab, b)
    return np.sum(x * x) + np.sum(scipy.linalg.solveh_banded(ab[::-1], b, lower=True))


@CASES(rng.normal(size=(5, 3)), SQUARE, rng.normal(size=5))
def factorisations(t, a, b):
    q, r = scipy.linalg.qr(t, mode="economic")
    (upper,) = scipy.linalg.qr(a, mode="r")
    u, s, v = scipy.linalg.svd(t, full_matrices=False)
    x, _, rank, _ = scipy.linalg.lstsq(t, b)
    total = np.sum(q**3) + np.sum(r) + np.sum(upper * a) + np.sum((u * s) @ v * t) + s[0] + np.sum(x**2) + rank
    return total + scipy.linalg.svdvals(a)[1] + np.sum(scipy.linalg.pinv(t) ** 2) + scipy.linalg.eigvalsh(a + a.T)[0]


@CASES(rng.normal(size=3), rng.normal(size=3), DEFINITE, SQUARE)
def equations_of_matrices(c, r, s, a):
    bands = scipy.linalg.circulant(c) @ scipy.linalg.hankel(c, r) + scipy.linalg.hankel(c)
    x = scipy.linalg.solve_sylvester(s, s + np.eye(3), a) + scipy.linalg.solve_continuous_lyapunov(s, a)
    x = x + scipy.linalg.solve_discrete_lyapunov(0.1 * a, s) + bands
    return np.sum(x * x) + np.sum(scipy.linalg.solve_toeplitz((c + np.array([9.0, 0.0, 0.0]), r), r))


@CASES(rng.uniform(0.3, 9.0, size=6), rng.uniform(0.1, 12.0, size=6), 45.0)
def incomplete_gamma(a, x, large):
    total = sc.gammainc(a, x) + 2.0 * sc.gammaincc(a, x) ** 2 + sc.gammainc(large, large + a)
    return total + sc.gammaincc(a[0], 0.5)


@CASES(rng.uniform(0.3, 9.0, size=6), 1.7, rng.uniform(0.05, 0.95, size=6))
def incomplete_beta(a, b, x):
    return sc.betainc(a, b, x) + sc.betaincc(b, a, x) ** 2


@CASES(rng.uniform(0.1, 0.9, size=5), 1.3, 2.2)
def distribution_functions(x, a, b):
    s = stats
    y = s.gamma.cdf(x, a, scale=b) + s.gamma.sf(x, b, 0.05) + s.chi2.cdf(x, b) + s.chi2.sf(x, df=a) ** 2
    y = y + s.beta.cdf(x, a, b) + s.beta.sf(x, a, b) ** 2 + s.t.cdf(x - 0.5, a) + s.t.sf(6.0 * x, b, scale=a)
    return y + s.poisson.cdf(np.array([0.0, 1.0, 2.5, 4.0, -1.0]), b) + s.t.cdf(0.0, b)


@CASES(np.array([-1.0, 0.4, 2.0]), 2.0)
def distribution_functions_outside(x, a):
    y = stats.gamma.cdf(x, a) + stats.chi2.sf(x, 2.0 * a) + stats.beta.cdf(x, a, 1.5 * a) + sc.gammainc(a, x * x)
    return y + stats.t.cdf(x * 1e-9, a) + sc.gammainc(1.0, np.abs(x - 1.0)) + sc.betainc(2.0, a, x * 0.0)


@CASES(rng.uniform(0.1, 0.9, size=5), rng.uniform(0.2, 4.0, size=5), 0.7)
def more_special_functions(x, y, power):
    errors = sc.erfcx(y) + sc.erfi(x) + sc.erfcinv(x) + sc.dawsn(y)
    integrals = sc.ellipk(x) * sc.ellipe(-y) + sc.ellipk(1e-4 * x) + sc.ellipe(-1e-5 * y) + sc.spence(y) + sc.spence(1.0)
    powers = sc.boxcox(y, power) + sc.boxcox(y, 0.0) + sc.inv_boxcox(x, power) + sc.boxcox(y, 1e-4 * power)
    return errors + integrals + powers + sc.inv_boxcox(y, -1e-5 * power)


@CASES(3.0 * SQUARE)
def exponentials(a):
    return np.log(np.abs(scipy.linalg.expm(a))).sum() + np.trace(scipy.linalg.expm(0.01 * a))


@CASES(rng.normal(size=(2, 2)), rng.normal(size=3))
def built_from_blocks(a, c):
    blocks = scipy.linalg.block_diag(a, c, 2.0)
    bands = scipy.linalg.toeplitz(c) + scipy.linalg.toeplitz(c, np.array([9.0, 4.0, 5.0]))
    return np.sum(blocks * blocks) + np.linalg.det(bands)


@CASES(rng.normal(size=6), np.array([0.0, 0.2, 0.5, 0.7, 0.9, 1.3]))
def rules_for_samples(y, x):
    total = scipy.integrate.simpson(y, x=x) + scipy.integrate.simpson(y[:5], x=x[:5]) + scipy.integrate.simpson(y[:2])
    total += scipy.integrate.simpson(np.outer(y, y), dx=0.2, axis=0).sum() + scipy.integrate.trapezoid(y, x)
    return total + np.sum(scipy.integrate.cumulative_trapezoid(y, x, initial=0) ** 2)


@CASES(1.3)
def nodes_and_coefficients_of_constants(s):
    x, w = np.polynomial.legendre.leggauss(4)
    x2, w2 = np.polynomial.hermite.hermgauss(5)
    x3, w3 = sc.roots_legendre(3)
    w3 *= 2.0
    b, a = scipy.signal.butter(2, 0.3)
    y = 0.0
    for i in range(2):
        p, q = np.polynomial.legendre.leggauss(3)
        q *= s
        y += q @ p**2
    return w @ np.exp(s * x) + w2 @ np.cos(s * x2) + w3 @ np.exp(s * x3) + b @ a * s + y + sc.binom(5, 2) * s


@CASES(rng.normal(size=9), rng.normal(size=4), np.array([2.0, 0.3, -0.1]))
def filters(x, b, a):
    y = scipy.signal.lfilter(b, a, x)
    z = scipy.signal.lfilter([1.0], [1.0, -0.9], x)
    return y, z, scipy.signal.convolve(x, b, "same"), scipy.signal.fftconvolve(b, x, "valid")


@CASES(rng.normal(size=(5, 6)), rng.normal(size=(2, 3)))
def convolutions_of_images(x, k):
    whole = scipy.signal.convolve2d(x, k)
    return whole, scipy.signal.convolve2d(x, k, mode="same"), scipy.signal.convolve(x, k, "valid")


@CASES(rng.normal(size=(5, 2)))
def distances(x):
    return pdist(x), cdist(x, 0.9 * x[:2], "cityblock"), cdist(x, x).sum(), pdist(x, "sqeuclidean")


@CASES(rng.normal(size=3), 0.4)
def polynomials(c, x):
    t = np.array([x, 0.2])
    total = np.polynomial.polynomial.polyval(x, c) + np.polynomial.chebyshev.chebval(t, c).sum()
    return total + np.linalg.cross(c, c[::-1]) @ np.array([1.0, 2.0, 0.5])


@CASES(rng.normal(size=4), rng.normal(size=4), rng.uniform(0.5, 1.5, size=4))
def distances_of_vectors(u, v, w):
    d = scipy.spatial.distance
    m = np.outer(w, w) + np.eye(4)
    plain = d.euclidean(u, v) + d.sqeuclidean(u, v) + d.cityblock(u, v) + d.chebyshev(u, v) + d.cosine(u, v)
    weighted = d.euclidean(u, v, w) + d.cityblock(u, v, w=w) + d.cosine(u, v, w) + d.minkowski(u, v, 3, w)
    return plain, weighted, d.minkowski(u, v, 1.5), d.mahalanobis(u, v, m)


@CASES(rng.normal(size=5), 0.3, 1.4)
def densities_on_the_line(x, loc, scale):
    s = scipy.stats
    y = s.laplace.cdf(x, loc, scale) + s.laplace.sf(x, loc, scale) ** 2 + s.cauchy.cdf(x, loc, scale)
    y = y + s.cauchy.sf(x, loc=loc) + s.logistic.pdf(x, loc, scale) + s.logistic.logpdf(x, loc, scale)
    return y + s.logistic.cdf(x, scale=scale) + s.logistic.sf(x, loc, scale) ** 2


@CASES(rng.uniform(0.1, 0.9, size=5), 1.3, 2.2)
def densities_with_shapes(x, a, b):
    s = scipy.stats
    y = s.lognorm.pdf(x, a) + s.lognorm.logpdf(x, a, 0.0, b) + s.lognorm.cdf(x, s=a, scale=b)
    y = y + s.weibull_min.pdf(x, a) + s.weibull_min.logpdf(x, b, scale=a) + s.weibull_min.cdf(x, a) * s.weibull_min.sf(x, b)
    y = y + s.chi2.pdf(x, b) + s.chi2.logpdf(x, df=b) + s.beta.pdf(x, a, b) + s.beta.logpdf(x, a, b, scale=1.5)
    y = y + s.rayleigh.pdf(x, scale=a) + s.rayleigh.logpdf(x) + s.rayleigh.cdf(x, scale=b) + s.expon.logsf(x, scale=a)
    return y + s.uniform.pdf(x, 0.0, a) + s.uniform.logpdf(x, scale=b) + s.uniform.cdf(x, -0.1, b)


@CASES(np.array([-1.0, -0.2, 0.5, 2.0]), 1.3)
def densities_outside(x, a):
    s = scipy.stats
    y = s.lognorm.pdf(x, a) + s.lognorm.cdf(x, a) + s.weibull_min.cdf(x, a) + s.chi2.pdf(x - 0.01, 4.0)
    return y + s.beta.pdf(x + 0.1, 2.5, a + 2.0) + s.uniform.cdf(x + 0.1, scale=a) + s.uniform.pdf(x + 0.1)


@CASES(rng.uniform(0.5, 2.0, size=(4, 3)))
def summaries(x):
    s = scipy.stats
    total = s.zscore(x)[1] @ s.zscore(x, axis=1)[2] + s.gmean(x).sum() + s.hmean(x, axis=1).sum()
    return total + s.gmean(x, axis=None) + s.sem(x, axis=0).sum() + s.sem(x[0]) + s.zscore(x[:, 0], ddof=1)[0]
