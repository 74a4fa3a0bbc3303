"""Linear algebra and optimisation by hand and by numpy.linalg."""

import math
import numpy as np
from numpy.linalg import norm, solve
from tests.suites.support import Cases

CASES = Cases()
rng = np.random.default_rng(1)


def spd(n):
    a = rng.normal(size=(n, n))
    return a @ a.T + n * np.eye(n)


A5 = rng.normal(size=(5, 5)) + 3 * np.eye(5)
S5 = spd(5)
b5 = rng.normal(size=5)


@CASES(A5, b5)
def lu_partial_pivot(A, b):
    n = A.shape[0]
    U = A.copy()
    L = np.eye(n)
    P = np.arange(n)
    for k in range(n - 1):
        p = k + np.argmax(np.abs(U[k:, k]))
        if p != k:
            U[[k, p], :] = U[[p, k], :]
            L[[k, p], :k] = L[[p, k], :k]
            P[[k, p]] = P[[p, k]]
        for i in range(k + 1, n):
            L[i, k] = U[i, k] / U[k, k]
            U[i, k:] -= L[i, k] * U[k, k:]
    y = np.zeros(n)
    pb = b[P]
    for i in range(n):
        y[i] = pb[i] - L[i, :i] @ y[:i]
    x = np.zeros(n)
    for i in reversed(range(n)):
        x[i] = (y[i] - U[i, i + 1 :] @ x[i + 1 :]) / U[i, i]
    return x


@CASES(A5)
def lu_swap_tuple(A):
    A = np.array(A)
    n = len(A)
    sign = 1.0
    for k in range(n):
        m = k
        for i in range(k + 1, n):
            if abs(A[i, k]) > abs(A[m, k]):
                m = i
        if m != k:
            A[[k, m]] = A[[m, k]]
            sign = -sign
        for i in range(k + 1, n):
            f = A[i, k] / A[k, k]
            for j in range(k, n):
                A[i, j] -= f * A[k, j]
    det = sign
    for k in range(n):
        det *= A[k, k]
    return det


@CASES(rng.normal(size=(5, 3)), rng.normal(size=5))
def householder_qr_ls(A, b):
    m, n = A.shape
    R = A.copy()
    qtb = b.copy()
    for k in range(n):
        x = R[k:, k]
        alpha = -np.sign(x[0]) * norm(x)
        v = x.copy()
        v[0] = v[0] - alpha
        v = v / norm(v)
        R[k:, k:] = R[k:, k:] - 2.0 * np.outer(v, v @ R[k:, k:])
        qtb[k:] = qtb[k:] - 2.0 * v * (v @ qtb[k:])
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        x[i] = (qtb[i] - np.dot(R[i, i + 1 : n], x[i + 1 :])) / R[i, i]
    return x


@CASES(rng.normal(size=(4, 3)))
def givens_qr(A):
    R = A.copy()
    m, n = R.shape
    Q = np.eye(m)
    for j in range(n):
        for i in range(m - 1, j, -1):
            a, b = R[i - 1, j], R[i, j]
            r = math.hypot(a, b)
            if r == 0:
                continue
            c, s = a / r, b / r
            G = np.array([[c, s], [-s, c]])
            R[i - 1 : i + 1, :] = G @ R[i - 1 : i + 1, :]
            Q[:, i - 1 : i + 1] = Q[:, i - 1 : i + 1] @ G.T
    return R[0] @ np.array([1.0, 2.0, 3.0]) + np.sum(Q[:, 0] ** 3)


@CASES(S5, b5)
def cholesky_solve_by_hand(A, b):
    n = A.shape[0]
    L = np.zeros_like(A)
    for i in range(n):
        for j in range(i + 1):
            s = sum(L[i, k] * L[j, k] for k in range(j))
            if i == j:
                if A[i, i] - s <= 0:
                    raise np.linalg.LinAlgError("not positive definite")
                L[i, j] = math.sqrt(A[i, i] - s)
            else:
                L[i, j] = (A[i, j] - s) / L[j, j]
    z = b.copy()
    for i in range(n):
        z[i] = (z[i] - L[i, :i].dot(z[:i])) / L[i, i]
    return 0.5 * z @ z + np.log(np.diag(L)).sum()


@CASES(spd(4))
def jacobi_eigen(A):
    A = (A + A.T) / 2
    n = A.shape[0]
    V = np.eye(n)
    for sweep in range(10):
        off = np.sqrt(np.sum(A**2) - np.sum(np.diag(A) ** 2))
        if off < 1e-12:
            break
        for p in range(n - 1):
            for q in range(p + 1, n):
                if abs(A[p, q]) < 1e-15:
                    continue
                theta = (A[q, q] - A[p, p]) / (2 * A[p, q])
                t = np.sign(theta) / (abs(theta) + np.sqrt(theta**2 + 1)) if theta != 0 else 1.0
                c = 1 / np.sqrt(t**2 + 1)
                s = t * c
                J = np.eye(n)
                J[p, p] = c
                J[q, q] = c
                J[p, q] = s
                J[q, p] = -s
                A = J.T @ A @ J
                V = V @ J
    return np.sort(np.diag(A))


@CASES(spd(4), np.ones(4))
def power_iteration(A, v):
    lam = 0.0
    for _ in range(200):
        w = A @ v
        new = v @ w / (v @ v)
        v = w / np.linalg.norm(w)
        if abs(new - lam) < 1e-14 * abs(new):
            break
        lam = new
    return v @ A @ v


@CASES(spd(5), b5)
def conjugate_gradient(A, b):
    A = 0.5 * (A + A.T)
    x = np.zeros_like(b)
    r = b - A @ x
    p = r.copy()
    rs = r @ r
    it = 0
    while np.sqrt(rs) > 1e-12 and it < 50:
        Ap = A @ p
        alpha = rs / (p @ Ap)
        x += alpha * p
        r -= alpha * Ap
        rsn = r @ r
        p = r + (rsn / rs) * p
        rs = rsn
        it += 1
    return x


@CASES(A5, b5)
def gmres_small(A, b):
    n = len(b)
    m = n
    Q = np.zeros((n, m + 1))
    H = np.zeros((m + 1, m))
    beta = norm(b)
    Q[:, 0] = b / beta
    for k in range(m - 1):
        w = A @ Q[:, k]
        for j in range(k + 1):
            H[j, k] = Q[:, j] @ w
            w = w - H[j, k] * Q[:, j]
        H[k + 1, k] = norm(w)
        Q[:, k + 1] = w / H[k + 1, k]
    k = m - 1
    e1 = np.zeros(k + 1)
    e1[0] = beta
    Hk = H[: k + 1, :k]
    y = solve(Hk.T @ Hk, Hk.T @ e1)
    return Q[:, :k] @ y


@CASES(rng.normal(size=(5, 3)))
def gram_schmidt(A):
    Q = np.zeros(A.shape)
    R = np.zeros((A.shape[1], A.shape[1]))
    for j in range(A.shape[1]):
        v = A[:, j]
        for i in range(j):
            R[i, j] = Q[:, i] @ A[:, j]
            v = v - R[i, j] * Q[:, i]
        R[j, j] = np.sqrt((v**2).sum())
        Q[:, j] = v / R[j, j]
    return Q, R


@CASES(rng.normal(size=(4, 4)), 0.3)
def expm_taylor_squaring(A, t):
    n = A.shape[0]
    s = max(0, int(np.ceil(np.log2(np.linalg.norm(A) * 2))))
    B = A * t / 2**s
    E = np.eye(n)
    term = np.eye(n)
    for k in range(1, 13):
        term = term @ B / k
        E += term
    for _ in range(s):
        E = E @ E
    return E


@CASES(spd(3))
def matrix_sqrt_newton(A):
    Y = A.copy()
    Z = np.eye(3)
    for _ in range(12):
        Y, Z = 0.5 * (Y + np.linalg.inv(Z)), 0.5 * (Z + np.linalg.inv(Y))
    return Y


@CASES(rng.normal(size=(3, 3)))
def svd_use(A):
    U, s, Vt = np.linalg.svd(A)
    return np.sum(s**1.5) + s[0] / s[-1]


@CASES(rng.normal(size=(4, 3)))
def svd_reconstruct(A):
    U, s, Vt = np.linalg.svd(A, full_matrices=False)
    k = 2
    return U[:, :k] @ np.diag(s[:k]) @ Vt[:k]


@CASES(rng.normal(size=(5, 3)), b5)
def lstsq_np(A, b):
    x, res, rank, sv = np.linalg.lstsq(A, b, rcond=None)
    return x


@CASES(rng.normal(size=(5, 3)), b5)
def pinv_np(A, b):
    return np.linalg.pinv(A) @ b


@CASES(rng.normal(size=(5, 3)))
def qr_np(A):
    Q, R = np.linalg.qr(A)
    return Q * np.arange(1.0, 16.0).reshape(5, 3), np.abs(np.diag(R)).sum()


@CASES(S5)
def eigh_np(A):
    w, V = np.linalg.eigh(A)
    return V @ np.diag(np.sqrt(w)) @ V.T


@CASES(S5)
def eigh_attr(A):
    res = np.linalg.eigh(A)
    return np.log(res.eigenvalues).sum() + (res.eigenvectors[:, 0] ** 4).sum()


@CASES(S5, b5)
def slogdet_solve(S, r):
    sign, logdet = np.linalg.slogdet(S)
    return -0.5 * (r @ np.linalg.solve(S, r) + logdet + len(r) * np.log(2 * np.pi))


@CASES(np.stack([spd(3), spd(3)]), rng.normal(size=(2, 3)))
def batched_solve(A, b):
    return np.linalg.solve(A, b[..., None])[..., 0]


@CASES(np.stack([spd(3), spd(3)]))
def batched_inv_det(A):
    return np.linalg.inv(A), np.linalg.det(A)


@CASES(np.stack([spd(3), spd(3)]))
def batched_cholesky(A):
    L = np.linalg.cholesky(A)
    return np.log(np.diagonal(L, axis1=-2, axis2=-1)).sum(-1)


@CASES(rng.normal(size=(3, 2)), rng.normal(size=(2, 4)))
def kron_tensordot(A, B):
    K = np.kron(A, B)
    T = np.tensordot(A, B, axes=([1], [0]))
    return K.sum(axis=0), T, np.einsum("ij,jk->ki", A, B), np.trace(A.T @ A)


@CASES(rng.normal(size=(3, 3)))
def matrix_norms(A):
    return (
        np.linalg.norm(A),
        np.linalg.norm(A, 1),
        np.linalg.norm(A, np.inf),
        np.linalg.norm(A, "fro"),
        np.linalg.norm(A, axis=1),
        np.linalg.norm(A, ord=1, axis=0),
        np.linalg.norm(A[0], 3),
        np.linalg.matrix_power(A, 3),
    )


@CASES(rng.normal(size=(3, 3)))
def norm_2_nuc(A):
    return np.linalg.norm(A, 2) + np.linalg.norm(A, "nuc")


@CASES(np.array([1.0, 0.2]), np.linspace(0, 1, 9), np.exp(0.7 * np.linspace(0, 1, 9)) * 1.4)
def levenberg_marquardt(p, t, y):
    lam = 1e-2

    def resid(p):
        return p[0] * np.exp(p[1] * t) - y

    def jac(p):
        e = np.exp(p[1] * t)
        return np.column_stack([e, p[0] * t * e])

    cost = 0.5 * np.sum(resid(p) ** 2)
    for _ in range(4):
        J, r = jac(p), resid(p)
        H = J.T @ J
        step = np.linalg.solve(H + lam * np.diag(np.diag(H)), -J.T @ r)
        trial = p + step
        c = 0.5 * np.sum(resid(trial) ** 2)
        if c < cost:
            p, cost, lam = trial, c, lam / 10
        else:
            lam *= 10
    return cost + p.sum()


@CASES(2.0)
def newton_scalar(a):
    x = a
    for i in range(50):
        fx = x**3 - a
        if abs(fx) < 1e-14:
            break
        x = x - fx / (3 * x**2)
    return x


@CASES(0.7, tol=1e-4)
def bisection(c):
    lo, hi = 0.0, 2.0
    f = lambda x: x * math.exp(x) - c
    for _ in range(100):
        mid = (lo + hi) / 2
        if f(mid) > 0:
            hi = mid
        else:
            lo = mid
    x = (lo + hi) / 2
    return x - f(x) / (math.exp(x) * (1 + x)) + c * c


@CASES(np.array([-1.2, 1.0]))
def gradient_descent_armijo(x0):
    def f(x):
        return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2

    def g(x):
        return np.array([-400 * x[0] * (x[1] - x[0] ** 2) - 2 * (1 - x[0]), 200 * (x[1] - x[0] ** 2)])

    x = x0
    for k in range(5):
        d = -g(x)
        t = 1.0
        while f(x + t * d) > f(x) - 1e-4 * t * (d @ d):
            t *= 0.5
        x = x + t * d
    return f(x)


@CASES(np.array([-1.2, 1.0]))
def bfgs_fixed(x0):
    def fg(x):
        f = (x[0] - 2) ** 4 + (x[0] - 2 * x[1]) ** 2
        return f, np.array([4 * (x[0] - 2) ** 3 + 2 * (x[0] - 2 * x[1]), -4 * (x[0] - 2 * x[1])])

    x = x0.copy()
    H = np.eye(2) * 0.05
    f, g = fg(x)
    for _ in range(4):
        p = -H @ g
        s = 0.5 * p
        xn = x + s
        fn, gn = fg(xn)
        y = gn - g
        rho = 1.0 / (y @ s)
        I = np.eye(2)
        H = (I - rho * np.outer(s, y)) @ H @ (I - rho * np.outer(y, s)) + rho * np.outer(s, s)
        x, f, g = xn, fn, gn
    return f


@CASES(np.array([[0.0, 0.0], [1.0, 0.2], [0.1, 1.0]]))
def nelder_mead(simplex):
    f = lambda p: (p[0] - 0.3) ** 2 + 2 * (p[1] + 0.4) ** 2 + 0.3 * p[0] * p[1]
    sim = simplex.copy()
    vals = np.array([f(p) for p in sim])
    for it in range(8):
        order = np.argsort(vals)
        sim, vals = sim[order], vals[order]
        c = sim[:-1].mean(axis=0)
        xr = c + (c - sim[-1])
        fr = f(xr)
        if fr < vals[0]:
            xe = c + 2 * (c - sim[-1])
            fe = f(xe)
            if fe < fr:
                sim[-1] = xe
                vals[-1] = fe
            else:
                sim[-1] = xr
                vals[-1] = fr
        elif fr < vals[-2]:
            sim[-1] = xr
            vals[-1] = fr
        else:
            xc = c + 0.5 * (sim[-1] - c)
            fc = f(xc)
            if fc < vals[-1]:
                sim[-1] = xc
                vals[-1] = fc
            else:
                for i in range(1, 3):
                    sim[i] = sim[0] + 0.5 * (sim[i] - sim[0])
                    vals[i] = f(sim[i])
    return vals.min() + sim[0].sum()


@CASES(np.array([0.5, 0.5]), 1.0)
def golden_section(w, q):
    phi = (math.sqrt(5) - 1) / 2
    f = lambda x: w[0] * (x - q) ** 2 + w[1] * math.cosh(x)
    a, b = -1.0, 2.0
    c, d = b - phi * (b - a), a + phi * (b - a)
    while abs(b - a) > 1e-3:
        if f(c) < f(d):
            b = d
        else:
            a = c
        c, d = b - phi * (b - a), a + phi * (b - a)
    return f((a + b) / 2)


@CASES(rng.normal(size=(4, 6)), rng.normal(size=4), 0.5)
def ista_lasso(A, b, lam):
    L = np.linalg.norm(A.T @ A)
    x = np.zeros(A.shape[1])
    y = x.copy()
    t = 1.0
    for _ in range(15):
        z = y - A.T @ (A @ y - b) / L
        xn = np.sign(z) * np.maximum(np.abs(z) - lam / L, 0)
        tn = (1 + np.sqrt(1 + 4 * t * t)) / 2
        y = xn + (t - 1) / tn * (xn - x)
        x, t = xn, tn
    return 0.5 * np.sum((A @ x - b) ** 2) + lam * np.abs(x).sum()


@CASES(np.array([0.2, 0.5, -0.4, 1.3]))
def simplex_projection(v):
    n = len(v)
    u = np.sort(v)[::-1]
    css = np.cumsum(u) - 1.0
    ind = np.arange(1, n + 1)
    cond = u - css / ind > 0
    rho = ind[cond][-1]
    theta = css[cond][-1] / rho
    return np.maximum(v - theta, 0)


@CASES(np.array([0.2, 0.5, -0.4, 1.3]))
def simplex_projection2(v):
    u = np.sort(v)[::-1]
    css = np.cumsum(u)
    rho = np.nonzero(u * np.arange(1, len(u) + 1) > (css - 1))[0][-1]
    theta = (css[rho] - 1) / (rho + 1.0)
    return np.clip(v - theta, 0, None)


@CASES(spd(3), rng.normal(size=(2, 3)), rng.normal(size=3), rng.normal(size=2))
def kkt_qp(P, A, q, b):
    n, m = P.shape[0], A.shape[0]
    K = np.block([[P, A.T], [A, np.zeros((m, m))]])
    sol = np.linalg.solve(K, np.concatenate([-q, b]))
    return sol[:n], sol[n:]


@CASES(rng.normal(size=(3, 3)), rng.normal(size=(3, 3)), rng.normal(size=(3, 3)))
def sylvester_kron(A, B, C):
    n = 3
    M = np.kron(np.eye(n), A) + np.kron(B.T, np.eye(n))
    x = np.linalg.solve(M, C.flatten(order="F"))
    return x.reshape((n, n), order="F")


@CASES(rng.uniform(1, 2, size=4), rng.uniform(1, 2, size=4))
def adam_loop(w, target):
    m = np.zeros_like(w)
    v = np.zeros_like(w)
    b1, b2, lr, eps = 0.9, 0.999, 0.1, 1e-8
    for t in range(1, 11):
        g = 2 * (w - target) + 0.1 * np.cos(w)
        m = b1 * m + (1 - b1) * g
        v = b2 * v + (1 - b2) * g**2
        w = w - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
    return np.sum((w - target) ** 2)


@CASES(rng.uniform(0, 1, size=(4, 5)), np.full(4, 0.25), np.full(5, 0.2))
def sinkhorn(C, a, b):
    K = np.exp(-C / 0.3)
    u = np.ones(len(a))
    v = np.ones(len(b))
    for _ in range(20):
        u = a / (K @ v)
        v = b / (K.T @ u)
    P = u[:, None] * K * v[None, :]
    return (P * C).sum()


@CASES(rng.normal(size=(3, 3)), rng.normal(size=(3, 2)), np.eye(3), np.eye(2))
def riccati_lqr(A, B, Q, R):
    P = Q
    for _ in range(10):
        K = np.linalg.solve(R + B.T @ P @ B, B.T @ P @ A)
        P = Q + A.T @ P @ (A - B @ K)
    return np.trace(P)


T = rng.normal(size=(2, 2, 4, 3))
S = np.stack([np.eye(3) * 3 + 0.3 * rng.normal(size=(3, 3)) for _ in range(4)]).reshape(2, 2, 3, 3)


@CASES(T)
def st_qr(x):
    q, r = np.linalg.qr(x)
    return q * np.arange(3), r


@CASES(T)
def st_svd(x):
    u, s, v = np.linalg.svd(x, full_matrices=False)
    return (u * s[..., None, :]) @ v, s, np.linalg.svd(x, compute_uv=False), np.linalg.pinv(x)


@CASES(S)
def st_sym(x):
    y = x + np.swapaxes(x, -1, -2)
    w, v = np.linalg.eigh(y)
    return w, np.linalg.eigvalsh(y), v**2, np.linalg.slogdet(y)[1], np.linalg.cholesky(y @ y), np.linalg.inv(x)


@CASES(S, rng.normal(size=3), rng.normal(size=(3, 2)), rng.normal(size=(2, 3, 1)))
def st_solve(a, b, c, d):
    return np.linalg.solve(a, b), np.linalg.solve(a, c), np.linalg.solve(a, d), np.linalg.solve(a[0, 0], d)


@CASES(rng.normal(size=(3, 5)))
def wide(a):
    q, r = np.linalg.qr(a)
    u, s, v = np.linalg.svd(a, full_matrices=False)
    return (
        r,
        q * 2,
        (u * s) @ v,
        np.linalg.pinv(a),
        np.linalg.lstsq(a, np.array([1.0, 2, 3]), rcond=None)[0],
        np.linalg.cond(a),
        np.linalg.matrix_rank(a) * a[0, 0],
    )


@CASES(rng.normal(size=(5, 3)), rng.normal(size=(5, 2)))
def lsq2(a, b):
    x, res, rank, s = np.linalg.lstsq(a, b, rcond=None)
    return x, s, res.sum(), rank * a[0, 0]


@CASES(rng.normal(size=(5, 3)).astype(np.float32), eps=3e-2, tol=2e-2)
def f32(a):
    u, s, v = np.linalg.svd(a, full_matrices=False)
    q, r = np.linalg.qr(a)
    return s, np.abs(u), np.linalg.pinv(a), q, r


@CASES(rng.normal(size=(3, 1)))
def column(a):
    return np.linalg.pinv(a), np.linalg.svd(a, full_matrices=False)[1], np.linalg.qr(a)[1]


def rank1(a):
    return np.outer(a, a * 2) + 0.0


@CASES(rng.normal(size=4))
def deficient(a):
    M = np.outer(a, a + 1)
    return np.linalg.pinv(M, rcond=1e-10), np.linalg.lstsq(M, a, rcond=1e-10)[0]
