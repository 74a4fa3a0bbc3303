"""Particles, mechanics, optics, robots and pictures."""

import math
import numpy as np
from dataclasses import dataclass
from tests.suites.support import Cases

CASES = Cases()
rng = np.random.default_rng(5)


@CASES(rng.normal(size=(4, 3)), rng.uniform(1, 2, size=4), rng.normal(size=(4, 3)) * 0.1)
def nbody_vectorized(pos, mass, vel):
    G, dt, soft = 1.0, 0.01, 0.1

    def accel(pos):
        x = pos[:, 0:1]
        y = pos[:, 1:2]
        z = pos[:, 2:3]
        dx = x.T - x
        dy = y.T - y
        dz = z.T - z
        inv_r3 = dx**2 + dy**2 + dz**2 + soft**2
        inv_r3[inv_r3 > 0] = inv_r3[inv_r3 > 0] ** (-1.5)
        ax = G * (dx * inv_r3) @ mass
        ay = G * (dy * inv_r3) @ mass
        az = G * (dz * inv_r3) @ mass
        return np.vstack((ax, ay, az)).T

    a = accel(pos)
    for i in range(3):
        vel = vel + a * dt / 2
        pos = pos + vel * dt
        a = accel(pos)
        vel = vel + a * dt / 2
    ke = 0.5 * np.sum(mass[:, None] * vel**2)
    return ke + pos[0].sum()


@CASES(rng.uniform(0, 4, size=(6, 2)), 1.0, 1.0)
def lennard_jones_cutoff(pos, eps, sigma):
    L, rc = 4.0, 1.8
    n = len(pos)
    E = 0.0
    F = np.zeros_like(pos)
    for i in range(n - 1):
        for j in range(i + 1, n):
            d = pos[i] - pos[j]
            d = d - L * np.round(d / L)
            r2 = np.dot(d, d) + 0.3
            if r2 >= rc**2:
                continue
            s6 = (sigma**2 / r2) ** 3
            E += 4 * eps * (s6 * s6 - s6)
            f = 24 * eps * (2 * s6 * s6 - s6) / r2 * d
            F[i] += f
            F[j] -= f
    return E, F


@CASES(rng.uniform(0, 4, size=(6, 2)))
def neighbour_list_md(pos):
    rc = 2.5
    n = pos.shape[0]
    pairs = []
    for i in range(n):
        for j in range(i + 1, n):
            pairs.append((i, j))
    I = np.array([p[0] for p in pairs])
    J = np.array([p[1] for p in pairs])
    d = pos[I] - pos[J]
    r2 = (d**2).sum(1)
    inside = r2 < rc**2
    I, J, d, r2 = I[inside], J[inside], d[inside], r2[inside]
    fmag = np.exp(-r2)
    F = np.zeros_like(pos)
    np.add.at(F, I, fmag[:, None] * d)
    np.subtract.at(F, J, fmag[:, None] * d)
    return np.sum(F**2) + fmag.sum()


@CASES(0.4, rng.choice([-1, 1], size=(5, 5)), rng.uniform(size=50), rng.integers(0, 5, size=(50, 2)))
def ising_metropolis(beta, spins, us, sites):
    s = spins.copy()
    logw = 0.0
    N = 5
    for u, (i, j) in zip(us, sites):
        nb = s[(i + 1) % N, j] + s[i - 1, j] + s[i, (j + 1) % N] + s[i, j - 1]
        dE = 2 * s[i, j] * nb
        p = math.exp(-beta * dE)
        if dE <= 0 or u < p:
            s[i, j] = -s[i, j]
            logw += min(0.0, -beta * dE)
    return logw + beta * s.sum() + 0 * us[0]


@CASES(rng.normal(size=12), 0.5)
def wave_pml(u, c):
    n = len(u)
    v = np.zeros(n + 1)
    damp = np.ones(n)
    damp[:3] = np.linspace(0.8, 1, 3)
    damp[-3:] = np.linspace(1, 0.8, 3)
    for t in range(8):
        v[1:-1] += c * (u[1:] - u[:-1])
        u = damp * (u + c * np.diff(v))
    return u


@CASES(np.array([1.0, 2.3, 1.38, 2.3, 1.5]), np.array([100.0, 70.0, 100.0]), 550.0)
def transfer_matrix_optics(n, d, lam):
    # real-valued 2x2 with explicit (re, im)
    Mre = np.eye(2)
    Mim = np.zeros((2, 2))
    for j in range(1, len(n) - 1):
        delta = 2 * np.pi * n[j] * d[j - 1] / lam
        c, s = np.cos(delta), np.sin(delta)
        Lre = np.array([[c, 0.0], [0.0, c]])
        Lim = np.array([[0.0, s / n[j]], [n[j] * s, 0.0]])
        Mre, Mim = Mre @ Lre - Mim @ Lim, Mre @ Lim + Mim @ Lre
    n0, ns = n[0], n[-1]
    Bre = Mre[0, 0] + Mre[0, 1] * ns
    Bim = Mim[0, 0] + Mim[0, 1] * ns
    Cre = Mre[1, 0] + Mre[1, 1] * ns
    Cim = Mim[1, 0] + Mim[1, 1] * ns
    nr, ni = n0 * Bre - Cre, n0 * Bim - Cim
    dr, di = n0 * Bre + Cre, n0 * Bim + Cim
    return (nr**2 + ni**2) / (dr**2 + di**2)


@CASES(0.3, 1.2, 0.6)
def kepler_equation(e, M, a):
    E = M if e < 0.8 else math.pi
    while True:
        dE = (E - e * math.sin(E) - M) / (1 - e * math.cos(E))
        E -= dE
        if abs(dE) < 1e-14:
            break
    nu = 2 * math.atan2(math.sqrt(1 + e) * math.sin(E / 2), math.sqrt(1 - e) * math.cos(E / 2))
    r = a * (1 - e * math.cos(E))
    return r * math.cos(nu) + r * math.sin(nu)


@CASES(np.array([7000.0, 100.0, 1300.0]), np.array([0.1, 7.3, 1.0]))
def orbital_elements(r, v):
    mu = 398600.4418
    R = np.linalg.norm(r)
    V2 = v @ v
    h = np.cross(r, v)
    evec = np.cross(v, h) / mu - r / R
    e = np.linalg.norm(evec)
    a = 1 / (2 / R - V2 / mu)
    i = np.arccos(h[2] / np.linalg.norm(h))
    n = np.cross([0, 0, 1], h)
    Om = np.arctan2(n[1], n[0])
    w = np.arccos(n @ evec / (np.linalg.norm(n) * e))
    if evec[2] < 0:
        w = 2 * np.pi - w
    return np.array([a / 1e4, e, i, Om, w])


@CASES(np.array([0.3, 0.2]), np.array([0.1, -0.2]), (1.0, 1.0, 1.0, 0.8))
def double_pendulum(th, om, params):
    m1, m2, l1, l2 = params
    g, dt = 9.81, 0.01
    E = []
    for _ in range(5):
        d = th[0] - th[1]
        den = 2 * m1 + m2 - m2 * np.cos(2 * d)
        a1 = (
            -g * (2 * m1 + m2) * np.sin(th[0])
            - m2 * g * np.sin(th[0] - 2 * th[1])
            - 2 * np.sin(d) * m2 * (om[1] ** 2 * l2 + om[0] ** 2 * l1 * np.cos(d))
        ) / (l1 * den)
        a2 = (
            2
            * np.sin(d)
            * (om[0] ** 2 * l1 * (m1 + m2) + g * (m1 + m2) * np.cos(th[0]) + om[1] ** 2 * l2 * m2 * np.cos(d))
        ) / (l2 * den)
        om = om + dt * np.array((a1, a2))
        th = th + dt * om
        E.append(0.5 * (m1 + m2) * l1**2 * om[0] ** 2 + np.cos(d))
    return np.mean(E), th


@CASES(rng.normal(size=(4, 4, 2)))
def cloth_mass_spring(x0):
    n = 4
    k, rest, dt = 5.0, 1.0, 0.02
    x = x0 + np.stack(np.meshgrid(np.arange(n), np.arange(n), indexing="ij"), axis=-1)
    v = np.zeros_like(x)
    for step in range(3):
        f = np.zeros_like(x)
        f[..., 1] -= 9.8
        for axis in (0, 1):
            d = np.diff(x, axis=axis)
            L = np.sqrt((d**2).sum(-1, keepdims=True))
            s = k * (L - rest) * d / L
            if axis == 0:
                f[:-1] += s
                f[1:] -= s
            else:
                f[:, :-1] += s
                f[:, 1:] -= s
        v = 0.99 * (v + dt * f)
        v[0, [0, -1]] = 0.0
        x = x + dt * v
    return x


@CASES(np.array([0.1, 0.2, 0.3]), np.array([1.0, 2.0, 3.0]), np.array([0.9, 0.1, 0.2, 0.3]))
def rigid_body_quaternion(omega, I, q):
    def qmul(a, b):
        w1, x1, y1, z1 = a
        w2, x2, y2, z2 = b
        return np.array(
            [
                w1 * w2 - x1 * x2 - y1 * y2 - z1 * z2,
                w1 * x2 + x1 * w2 + y1 * z2 - z1 * y2,
                w1 * y2 - x1 * z2 + y1 * w2 + z1 * x2,
                w1 * z2 + x1 * y2 - y1 * x2 + z1 * w2,
            ]
        )

    q = q / np.linalg.norm(q)
    for _ in range(4):
        domega = -np.cross(omega, I * omega) / I
        omega = omega + 0.01 * domega
        q = q + 0.005 * qmul(q, np.concatenate(([0.0], omega)))
        q /= np.sqrt(np.sum(q * q))
    w, x, y, z = q
    R = np.array(
        [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    )
    return R @ np.array([1.0, 0, 0])


DH = [(0.0, 0.3, 0.0), (np.pi / 2, 0.0, 0.4), (0.0, 0.2, 0.1)]


@CASES(np.array([0.1, 0.5, -0.3]))
def forward_kinematics_dh(theta):
    T = np.eye(4)
    for th, (alpha, a, d) in zip(theta, DH):
        ct, st = np.cos(th), np.sin(th)
        ca, sa = math.cos(alpha), math.sin(alpha)
        T = T @ np.array(
            [[ct, -st * ca, st * sa, a * ct], [st, ct * ca, -ct * sa, a * st], [0, sa, ca, d], [0, 0, 0, 1]]
        )
    return T[:3, 3]


@CASES(np.array([0.5, 0.5]), np.array([0.3, 0.4, -0.2]))
def inverse_kinematics_jacobian(target, q):
    L = np.array([0.5, 0.4, 0.3])
    for _ in range(6):
        cum = np.cumsum(q)
        p = np.array([np.sum(L * np.cos(cum)), np.sum(L * np.sin(cum))])
        J = np.zeros((2, 3))
        for i in range(3):
            J[0, i] = -np.sum(L[i:] * np.sin(cum[i:]))
            J[1, i] = np.sum(L[i:] * np.cos(cum[i:]))
        q = q + J.T @ np.linalg.solve(J @ J.T + 0.01 * np.eye(2), target - p)
    return q


@CASES(
    np.array([0.1, -0.2, 0.05]),
    np.array([0.1, 0.2, 2.0]),
    rng.normal(size=(5, 3)),
    np.array([500.0, 480.0, 320.0, 240.0]),
)
def camera_projection(rvec, t, X, K):
    theta = np.linalg.norm(rvec)
    k = rvec / theta
    Kx = np.array([[0, -k[2], k[1]], [k[2], 0, -k[0]], [-k[1], k[0], 0]])
    R = np.eye(3) + np.sin(theta) * Kx + (1 - np.cos(theta)) * Kx @ Kx
    P = X @ R.T + t + np.array([0, 0, 5.0])
    uv = P[:, :2] / P[:, 2:]
    r2 = np.sum(uv**2, axis=1, keepdims=True)
    uv = uv * (1 + 0.01 * r2)
    return uv * K[:2] + K[2:]


@CASES(
    rng.normal(size=(2, 6)) * 0.1,
    rng.normal(size=(3, 3)),
    np.array([[0, 0], [0, 1], [1, 1], [1, 2]]),
    rng.normal(size=(4, 2)),
)
def bundle_adjustment(cams, pts, obs_idx, obs):
    res = []
    for (c, p), z in zip(obs_idx, obs):
        w, t = cams[c, :3], cams[c, 3:]
        X = pts[p] + np.cross(w, pts[p]) + t
        res.append(X[:2] / (X[2] + 4.0) - z)
    r = np.concatenate(res)
    return np.sum(np.log1p(r**2))


@CASES(np.array([0.1, 0.05, 1.0]), np.array([0.0, 0.2, 3.0]), 0.7)
def ray_march_sdf(d, c, rad):
    def sdf(p):
        s = np.sqrt(((p - c) ** 2).sum()) - rad
        box = np.maximum(np.abs(p - np.array([0.9, 0, 3.0])) - 0.4, 0)
        b = np.sqrt(np.sum(box**2) + 1e-12)
        return min(s, b)

    d = d / np.linalg.norm(d)
    t = 0.0
    hit = False
    for i in range(64):
        p = t * d
        dist = sdf(p)
        if dist < 1e-9:
            hit = True
            break
        t += dist
    if not hit:
        return 0.0
    return t * 1.5


@CASES(rng.normal(size=(3, 3)), rng.normal(size=(3,)))
def triangle_intersect(tri, o):
    d = np.array([0.1, 0.2, 1.0])
    v0, v1, v2 = tri
    e1, e2 = v1 - v0, v2 - v0
    h = np.cross(d, e2)
    a = np.dot(e1, h)
    f = 1.0 / a
    s = o - v0
    u = f * np.dot(s, h)
    q = np.cross(s, e1)
    v = f * np.dot(d, q)
    t = f * np.dot(e2, q)
    return t + u * v


@CASES(np.array([[0.2, 0.7, 0.4], [0.1, 0.9, 0.3]]))
def rasterize_soft(verts):
    H = W = 5
    ys, xs = np.mgrid[0:H, 0:W] / 4.0
    img = np.zeros((H, W))
    for k in range(3):
        a = verts[:, k]
        b = verts[:, (k + 1) % 3]
        edge = (b[0] - a[0]) * (ys - a[1]) - (b[1] - a[1]) * (xs - a[0])
        img = img + np.log1p(np.exp(-10 * edge))
    return np.exp(-img)


@CASES(rng.uniform(size=(5, 5)), np.array([[1.2, 2.7], [3.3, 0.4]]))
def bilinear_sample(img, pts):
    y, x = pts[:, 0], pts[:, 1]
    y0 = np.floor(y).astype(int)
    x0 = np.floor(x).astype(int)
    y1 = np.clip(y0 + 1, 0, img.shape[0] - 1)
    x1 = np.clip(x0 + 1, 0, img.shape[1] - 1)
    wy, wx = y - y0, x - x0
    return (
        (1 - wy) * (1 - wx) * img[y0, x0]
        + (1 - wy) * wx * img[y0, x1]
        + wy * (1 - wx) * img[y1, x0]
        + wy * wx * img[y1, x1]
    )


@CASES(1.5, np.array([2.0, 1.0, 0.5]))
def schrodinger_fd(omega, pert):
    n = 9
    x = np.linspace(-3, 3, n)
    h = x[1] - x[0]
    V = 0.5 * omega**2 * x**2
    V[3:6] += pert
    H = np.diag(1 / h**2 + V) + np.diag(np.full(n - 1, -0.5 / h**2), 1) + np.diag(np.full(n - 1, -0.5 / h**2), -1)
    w, U = np.linalg.eigh(H)
    return w[:3]


@CASES(np.array([300.0, 1.2]), 101325.0)
def ideal_gas_units(state, p):
    T, V = state
    R = 8.314
    n = p * V / (R * T)
    Cv = 1.5 * R
    U = n * Cv * T
    S = n * (Cv * np.log(T) + R * np.log(V))
    return U / 1e5 + S / 1e3


@CASES(rng.normal(size=8), rng.normal(size=8))
def fdtd_1d(E, H):
    E = E.copy()
    H = H.copy()
    for t in range(6):
        H[:-1] += 0.5 * (E[1:] - E[:-1])
        E[1:] += 0.5 * (H[1:] - H[:-1])
        E[4] += math.sin(0.3 * t)
    return np.dot(E, E) + np.dot(H, H)


@CASES(rng.normal(size=(3, 3)), 0.1)
def lattice_phi4(phi, lam):
    S = 0.0
    L = phi.shape[0]
    for idx in np.ndindex(phi.shape):
        i, j = idx
        nb = phi[(i + 1) % L, j] + phi[i, (j + 1) % L]
        S += -phi[i, j] * nb + 2 * phi[idx] ** 2 + lam * phi[idx] ** 4
    return S


@CASES(rng.normal(size=(3, 4)))
def enumerate_nd(a):
    t = 0.0
    for (i, j), v in np.ndenumerate(a):
        t += (i + 1) * v**2 * (j - 1)
    return t


@CASES(np.array([1.0, 0.5, 0.2]), np.array([0.7, 0.3]))
def chemical_kinetics(c, k):
    S = np.array([[-1, 0], [1, -1], [0, 1]])
    for _ in range(20):
        r = k * c[:2]
        c = c + 0.05 * (S @ r)
    return c


@CASES(np.array([5.0, 3.0, 8.0]), np.array([[0, 1], [1, 2], [0, 2]]))
def truss_stiffness(areas, members):
    nodes = np.array([[0.0, 0.0], [4.0, 0.0], [2.0, 3.0]])
    K = np.zeros((6, 6))
    for e, (i, j) in enumerate(members):
        d = nodes[j] - nodes[i]
        L = np.hypot(*d)
        c, s = d / L
        T = np.array([c, s, -c, -s])
        dof = np.array([2 * i, 2 * i + 1, 2 * j, 2 * j + 1])
        ke = areas[e] / L * np.outer(T, T)
        for a in range(4):
            for b in range(4):
                K[dof[a], dof[b]] += ke[a, b]
    free = [2, 4, 5]
    Kff = K[free][:, free]
    return np.linalg.solve(Kff, np.array([0.0, 1.0, -10.0]))
