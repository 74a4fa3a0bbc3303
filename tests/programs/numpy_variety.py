"""NumPy's functions, many to a program."""

import math
import numpy as np
import numpy as xp
from numpy import linalg as la
from tests.suites.support import Cases

CASES = Cases()
rng = np.random.default_rng(7)
X = rng.normal(size=(4, 5))
v = rng.normal(size=6)
C = CASES


@C(X)
def where_nested(x):
    return np.where(x > 1, x**2, np.where(x < -1, -x, np.where(x == 0, 0.0, np.sin(x))))


@C(X)
def pad_modes(x):
    return [np.pad(x, ((1, 2), (0, 1)), mode=m).sum(0) for m in ("constant", "edge", "reflect", "symmetric", "wrap")]


@C(X)
def pad_const(x):
    return np.pad(x, 2, constant_values=1.5), np.pad(x[0], (1, 3), "constant", constant_values=(0.5, 2.0))


@C(X)
def tile_repeat(x):
    return np.tile(x, (2, 1)), np.tile(x[0], 3), np.repeat(x, 2, axis=1), np.repeat(x[0], [1, 2, 0, 1, 3])


@C(v)
def meshgrid_use(v):
    A, B = np.meshgrid(v, v[:3])
    I, J = np.meshgrid(v[:2], v[:3], indexing="ij")
    return A * B, I - J


@C(v, np.array([0.1, 0.5, -3.0, 4.0]))
def searchsorted_interp(v, q):
    x = np.linspace(-1, 1, 6)
    i = np.searchsorted(x, q)
    return np.interp(q, x, v), v[np.clip(i, 0, 5)], np.interp(q, x, v, left=0.0, right=-1.0)


@C(X, X[::-1] * 1.1)
def cross_dot(a, b):
    return np.cross(a[:, :3], b[:, :3]), np.vdot(a, b), np.inner(a, b), np.dot(a, b.T), np.outer(a[0], b[0])


@C(X)
def triu_tril_diag(x):
    s = x[:, :4]
    return (
        np.triu(s, 1),
        np.tril(s, -1),
        np.diag(s),
        np.diag(np.diag(s)),
        np.diagonal(x, 1),
        np.trace(x),
        np.diag(s[0], k=1),
        s[np.triu_indices(4)],
        s[np.tril_indices(4, -1)],
        s[np.diag_indices(4)],
    )


@C(X)
def sorts(x):
    y = x.copy()
    y.sort(axis=0)
    return (
        np.sort(x),
        np.sort(x, axis=None),
        x[np.arange(4)[:, None], np.argsort(x, axis=1)],
        y,
        np.take_along_axis(x, np.argsort(-x, axis=0), axis=0),
    )


@C(X)
def percentiles(x):
    return (
        np.median(x, axis=1),
        np.percentile(x, 30, axis=0),
        np.quantile(x, [0.1, 0.9]),
        np.quantile(x, 0.5, axis=1, keepdims=True),
    )


@C(X)
def logs(x):
    return np.logaddexp(x, 0), np.log1p(np.exp(x)), np.logaddexp2(x, 1.0), np.log2(np.abs(x)), np.log10(x**2)


@C(X)
def r_c_(x):
    return np.r_[x[0], 1.0, x[1]], np.c_[x[:, 0], x[:, 1]], np.r_[0.0, np.cumsum(x[0])], np.c_[x, np.ones(4)]


@C(X)
def ix_indices(x):
    I, J = np.indices(x.shape)
    return x[np.ix_([0, 2], [1, 3])], (x * I).sum(), x[I[:2], J[:2]]


@C(X)
def splits(x):
    a, b = np.split(x, 2)
    c = np.hsplit(x, [1, 3])
    d = np.array_split(x[0], 3)
    e = np.vsplit(x, 4)
    return a * b, c[0].sum() + c[2].sum(), d[1], e[3]


@C(X)
def block_flip_rot(x):
    return (
        np.block([[x, x * 2], [np.zeros((1, 5)), np.ones((1, 5))]]),
        np.flip(x),
        np.flip(x, 0),
        np.flipud(x),
        np.fliplr(x),
        np.rot90(x),
        np.rot90(x, 2),
        np.rot90(x, -1),
    )


@C(v)
def take_put_choose(v):
    w = v.copy()
    np.put(w, [0, 2], [1.0, v[1]])
    ch = np.choose(np.array([0, 1, 1, 0, 2, 0]), [v, v**2, np.sin(v)])
    return (
        np.take(v, [0, 0, 5]),
        w,
        ch,
        v.take([1, 2]),
        np.take(v, [7, -1], mode="wrap"),
        np.compress([True, False, True, False, False, True], v).sum(),
        np.extract(v > 0, v).sum(),
    )


@C(v)
def select_piecewise(v):
    return (
        np.select([v < -0.5, v < 0.5], [v**2, v**3], default=1.0),
        np.piecewise(v, [v < 0, v >= 0], [lambda t: -t, lambda t: t**2]),
        np.piecewise(v, [v < 0], [0.0, np.sin]),
    )


@C(v)
def digitize_bincount(v):
    b = np.digitize(v, [-1, 0, 1])
    return np.bincount(b, weights=v, minlength=4).sum(), v[b]


@C(X)
def clips_rounds(x):
    return (
        np.clip(x, None, 0.5),
        np.clip(x, -0.5, None),
        x.clip(-1, 1),
        np.clip(x, x.min(), 0.3),
        x - np.round(x, 1),
        np.mod(x, 0.7),
        np.fmod(x, 0.7),
        x % 0.3,
        np.remainder(x, -0.4),
    )


@C(X)
def signs(x):
    return (
        np.sign(x) * x,
        np.heaviside(x, 0.5) * x**2,
        np.copysign(x, -1),
        np.fabs(x),
        np.absolute(x) ** 1.5,
        np.signbit(x) * x,
    )


@C(X.astype(np.float32), eps=5e-2, tol=3e-2)
def float32_prog(x):
    y = x * 2 + 1
    z = np.exp(-(y**2)).sum(axis=0) / np.float32(3)
    return z * np.sqrt(np.abs(z)), (y @ y.T).astype(np.float32)


@C(X)
def apply_axis(x):
    return np.apply_along_axis(lambda r: r * r.sum(), 1, x), np.apply_along_axis(np.sum, 0, x)


@C(X)
def nanfuncs(x):
    y = np.where(x > 0.8, np.nan, x)
    return (
        np.nansum(y, axis=1),
        np.nanmean(y),
        np.nanvar(y, axis=0),
        np.nanmin(y),
        np.nanprod(y, axis=1),
        np.nancumsum(y, axis=1),
        np.nan_to_num(y),
        np.nanargmax(y) * x[0, 0],
    )


@C(X)
def methods_chain(x):
    return (
        x.reshape(2, -1).T.ravel().cumsum().reshape(4, 5).sum(axis=1, keepdims=True).squeeze(),
        x.swapaxes(0, 1).mean(0),
        x.flatten()[3:7].std(),
        x.prod(axis=1),
        x.max(),
        x.min(axis=0),
        x.dot(x.T).trace(),
        x.item(3),
        x.tolist()[1][2],
    )


@C(X)
def axis_tuples(x):
    y = x.reshape(2, 2, 5)
    return (
        y.sum(axis=(0, 2)),
        y.mean((1, 2)),
        y.max(axis=(0, 1)),
        np.linalg.norm(y, axis=(1, 2)),
        np.moveaxis(y, 0, -1),
        np.swapaxes(y, 0, 2),
        np.einsum("abc,abd->cd", y, y),
        np.expand_dims(y, (0, 2)),
        np.transpose(y, (2, 0, 1)),
        np.rollaxis(y, 2),
    )


@C(X)
def concat_family(x):
    return (
        np.concatenate([x, x * 2]),
        np.concatenate((x, x), axis=None),
        np.hstack([x, x]),
        np.vstack([x[0], x[1]]),
        np.dstack([x, x]),
        np.column_stack([x[:, 0], x[:, 1]]),
        np.stack([x, x], axis=-1),
        np.append(x[0], [1.0, 2.0]),
        np.append(x, x, axis=0),
        np.insert(x[0], 1, 5.0),
        np.delete(x, 1, axis=0),
        np.atleast_2d(x[0]),
        np.row_stack if False else x[0],
    )


@C(v)
def cum_ops(v):
    return (
        np.cumsum(v),
        np.cumprod(v),
        np.diff(v, n=2),
        np.diff(v, prepend=0.0),
        np.ediff1d(v),
        np.gradient(v),
        np.gradient(v, 0.5),
        np.gradient(v, np.array([0.0, 1.0, 2.5, 3.0, 4.0, 6.0])),
        np.convolve(v, [1, 2, 1], "same"),
        np.correlate(v, v[:3]),
        np.maximum.accumulate(v),
        np.add.accumulate(v),
        np.multiply.reduce(v),
        np.minimum.reduce(v),
    )


@C(v)
def trapz_poly(v):
    return (
        np.trapezoid(v),
        np.trapezoid(v, dx=0.3),
        np.polyval(v, 0.7),
        np.poly1d if False else v[0],
        np.vander(v, 3),
        np.polynomial.polynomial.polyval(0.4, v) if False else v[1],
        np.polyder(v),
        np.polymul(v[:2], v[2:4]),
        np.roots if False else v[2],
    )


@C(v)
def masks_assign(v):
    w = v.copy()
    w[w < 0] = 0.0
    w[v > 1] *= 2
    u = np.zeros(6)
    u[v > 0] = v[v > 0] ** 2
    m = (v > 0) & (v < 1) | (v < -1)
    u[~m] += v[~m]
    return w, u, np.where(m)[0].size * v[0], np.count_nonzero(m) * v[1], v[m].sum(), np.any(m) * v[0], np.all(m) * v[0]


@C(X)
def mask2d(x):
    y = x.copy()
    y[y < 0] = -1.0
    y[x[:, 0] > 0] = x[0]
    y[:, x[0] > 0] *= 3.0
    z = x[x > 0]
    m = np.tril(np.ones((4, 5), bool))
    return y, z.sum(), x[m].sum() ** 2, (x[:, x[0] > 0]).sum(), x[x[:, 0] > 0, 1].sum(), x[1, x[0] > 0].sum()


@C(X)
def fancy(x):
    i = np.array([0, 2, 2, 3])
    j = np.array([[1, 0], [4, 4]])
    y = x.copy()
    y[i, 0] = 9.0
    y[[0, 1], [2, 3]] += x[[2, 3], [0, 0]]
    y[:, [0, 1]] = y[:, [1, 0]]
    y[[0, 1]] = y[[1, 0]]
    return (
        x[i],
        x[:, j],
        x[i, ::2],
        x[i[:, None], np.array([0, 1])],
        x[..., -1],
        x[::-1, 1::2],
        y,
        x[-1],
        x[i, [0, 1, 2, 3]],
        x[1:3, [0, 2]],
        x[[True, False, True, False]],
    )


@C(v)
def unary_zoo(v):
    return (
        np.exp2(v),
        np.expm1(v),
        np.cbrt(v),
        np.square(v),
        np.reciprocal(v),
        np.negative(v),
        np.positive(v),
        np.sinc(v),
        np.arctan(v),
        np.arcsinh(v),
        np.tanh(v),
        np.sinh(v),
        np.deg2rad(v),
        np.degrees(v),
        np.i0(v) if False else v,
        np.hypot(v, 1.0),
        np.arctan2(v, 2.0),
        np.float_power(np.abs(v), 1.5),
        np.true_divide(v, 3),
        np.divide(v, v + 3),
        np.power(np.abs(v), v),
        np.ldexp(v, 2),
        np.fix(v) * v,
        np.trunc(v) * v,
        np.rint(v) + v,
        np.unwrap(v * 3),
    )


@C(v)
def modf_divmod(v):
    f, i = np.modf(v)
    q, r = np.divmod(v, 0.7)
    return f, r, f * i, q * v


@C(v, np.array([1, 0, 2, 0, 1, 5]))
def ufunc_at(v, idx):
    a = np.zeros(6)
    np.add.at(a, idx, v**2)
    b = np.ones(6)
    np.multiply.at(b, idx, v)
    c = np.full(6, -9.0)
    np.maximum.at(c, idx, v)
    return a, b, c


@C(v)
def out_args(v):
    o = np.empty_like(v)
    np.exp(v, out=o)
    np.multiply(o, v, out=o)
    p = np.zeros(6)
    np.add(v, 1, out=p, where=v > 0)
    o2 = np.divide(1.0, v, out=np.zeros_like(v), where=v != 0)
    return o, p, o2


@C(v)
def reduce_where(v):
    return (
        np.sum(v, where=v > 0),
        np.max(v, where=v < 1, initial=-5.0),
        np.mean(v, where=v < 1),
        np.sum(v, initial=2.0),
        np.prod(v, initial=3.0),
        np.average(v, weights=np.arange(1, 7)),
        np.average(v),
        np.var(v, ddof=1),
        v.std(ddof=1),
    )


@C(X)
def linalg_misc(x):
    s = x[:, :4] @ x[:, :4].T + 4 * np.eye(4)
    return (
        la.det(s),
        la.inv(s),
        la.slogdet(s)[1],
        la.eigvalsh(s),
        la.cholesky(s),
        la.solve(s, x),
        la.norm(s, 2),
        la.cond(s),
        la.matrix_power(s, -1),
        la.multi_dot([x, x.T, x]),
        la.matrix_rank(s) * x[0, 0],
        la.trace(s) if hasattr(la, "trace") else 0.0,
    )


@C(v)
def creation(v):
    n = len(v)
    return (
        np.full((2, n), v),
        np.full_like(v, 2.0) * v,
        np.ones((n, n)) * v,
        np.arange(n) * v,
        np.linspace(v[0], v[1], 5),
        np.geomspace(1.0 + v[0] ** 2, 10, 4),
        np.logspace(0, v[1], 3),
        np.eye(n, k=1) @ v,
        np.identity(n) * v,
        np.tri(n) @ v,
        np.zeros_like(v) + v,
        np.array([v[0], [1.0][0]]),
        np.asarray([v, v]),
        np.fromfunction(lambda i, j: i + j, (2, 3)),
        np.empty((0,)).sum() + v[0],
        np.diagflat(v[:2]),
        np.array(v, copy=True),
        np.array([[v[0], 2], [3, v[1]]]),
    )


@C(v)
def types_casts(v):
    return (
        v.astype(int) * v,
        np.float64(3) * v,
        int(3.7) * v,
        float(v[0]),
        np.int32(2) * v,
        (v > 0).astype(float) * v,
        (v > 0) * v,
        v[int(1)],
        np.bool_(True) * v,
        v.astype("float64"),
        np.array([1, 2, 3, 4, 5, 6], dtype=float) * v,
        np.asarray(v, dtype=np.float64),
        bool(v[0] > 0) * v,
    )


@C(v)
def broadcast_ops(v):
    return (
        v[:, None] - v[None, :],
        v[:, np.newaxis] * np.ones((1, 3)),
        np.broadcast_to(v, (2, 6)) * 2,
        np.subtract.outer(v, v),
        np.add.outer(v, v[:2]),
        np.multiply.outer(v, v),
        np.broadcast_arrays(v, np.ones((2, 1)))[0].sum(0),
        np.maximum(v[:, None], v).sum(),
        np.power.outer(np.abs(v), [1, 2]),
    )


@C(v)
def unwrap_interp(v):
    return (
        np.ptp(v),
        np.nanmedian(v),
        np.nanpercentile(v, 25),
        np.nanquantile(v, 0.5),
        np.corrcoef(v, v**2)[0, 1],
        np.cov(v),
        np.histogram(v, bins=3)[0] * v[:3],
        np.floor_divide(v, 0.3) * v,
    )


@C(v)
def windows(v):
    return v * np.hamming(6), v * np.hanning(6), v * np.blackman(6), v * np.bartlett(6)


@C(X)
def shape_attr(x):
    m, n = x.shape
    return (
        x.size * x[0, 0],
        x.ndim * x[0, 1],
        len(x) * x[0],
        x.shape[-1] * x,
        np.shape(x)[0] * x[0],
        np.size(x, 1) * x[0, 0],
        x.T.shape[0] * x[0, 0],
        (m * n) ** 0.5 * x[0, 0],
        x.nbytes * x[0, 0],
        np.ndim(x) * x[0, 0],
    )


@C(X)
def nd_loops(x):
    s = 0.0
    for r in x:
        for e in r:
            s += e * e
    for row, c in zip(x.T, range(5)):
        s += c * row.sum()
    for i, (a, b) in enumerate(zip(x[0], x[1])):
        s += a * b * i
    for e in x.flat:
        s += math.sin(e)
    for i in range(x.shape[0] - 1, -1, -2):
        s -= x[i, 0]
    for i in reversed(range(3)):
        s *= 1 + 0.1 * x[i, i]
    return s


@C(v)
def py_builtins(v):
    return (
        sum(v),
        max(v),
        min(v),
        abs(v),
        sorted(v)[0],
        len(v) * v[0],
        sum(x**2 for x in v),
        max(v[0], v[1], 0.0),
        pow(v[1], 2),
        divmod(v[0], 0.3)[1],
        list(map(lambda t: t * 2, v))[1],
        sum([a * b for a, b in zip(v, v[1:])]),
        any(x > 0 for x in v) * v[0],
        max(range(6), key=lambda i: v[i]) * v[0],
        min(v, key=lambda t: abs(t)),
    )


@C(0.7, 1.3)
def math_zoo(a, b):
    return (
        math.sin(a)
        + math.cosh(b)
        + math.atan2(a, b)
        + math.hypot(a, b)
        + math.exp(a)
        + math.log(b, 2)
        + math.log1p(a)
        + math.pow(a, b)
        + math.fabs(-a)
        + math.gamma(b)
        + math.lgamma(b)
        + math.erf(a)
        + math.erfc(a)
        + math.degrees(a)
        + math.floor(b) * a
        + math.ceil(a) * b
        + math.fmod(b, a)
        + math.sqrt(a)
        + math.expm1(a)
        + math.copysign(a, -b)
        + math.tau * a
        + math.e * b
        + math.dist([a, b], [0, 1])
        + math.prod([a, b, 2])
        + math.fsum([a, b])
        + math.cbrt(a)
        + math.isclose(a, b) * a
    )


@C(v)
def kron_more(v):
    A = v[:4].reshape(2, 2)
    B = v[2:].reshape(2, 2)
    return (
        np.kron(A, B),
        np.tensordot(A, B, axes=1),
        np.tensordot(A, B, axes=2),
        np.tensordot(A, B, axes=([0], [1])),
        np.einsum("ij,kj->ik", A, B),
        np.einsum("ii", A),
        np.linalg.tensorsolve if False else v[0],
        np.matmul(A, B),
        A @ v[:2],
        np.vecdot(A, B),
    )


@C(v)
def complex_free(v):
    return (
        np.real(v),
        np.abs(v) ** 2,
        v.real,
        np.conj(v),
        np.isreal(v) * v if False else v,
        np.angle(v) * 0 if False else v,
    )


@C(X)
def logical(x):
    return (
        np.logical_and(x > 0, x < 1) * x,
        np.logical_or(x > 1, x < -1) * x,
        np.logical_not(x > 0) * x,
        np.isclose(x, 0) * x,
        np.isfinite(x) * x,
        np.isnan(x) * x,
        np.any(x > 0, axis=1) * x[:, 0],
        np.all(x > -9, axis=0) * x[0],
        np.allclose(x, x) * x[0],
        np.array_equal(x, x) * x[0],
        np.argmax(x, axis=1) * x[:, 0],
        np.argmin(x) * x[0, 0],
        np.nonzero(x[0] > 0)[0].sum() * x[0, 0],
        np.argwhere(x > 0).sum() * x[0, 0],
        np.unravel_index(7, (4, 5))[0] * x[0, 0],
        np.ravel_multi_index((1, 2), (4, 5)) * x[0, 0],
        np.isin(np.array([1, 2, 3, 4]), [2, 4]) * x[:, 0],
        np.searchsorted(np.array([0.0, 1.0, 2.0]), x[0]) * x[0],
    )


@C(v)
def resize_etc(v):
    return (
        np.resize(v, (2, 4)),
        np.roll(v, 2),
        np.roll(v.reshape(2, 3), 1, axis=1),
        np.roll(v.reshape(2, 3), (1, 1), axis=(0, 1)),
        np.squeeze(v[None]),
        np.array_split(v, 4)[0],
        v[...],
        v[::2].copy(),
        np.trim_zeros if False else v,
        np.flip(v)[:2],
        np.union1d if False else v,
    )
