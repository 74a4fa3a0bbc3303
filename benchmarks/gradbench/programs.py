# ruff: noqa
"""GradBench's evals as plain Python and NumPy programs, written from the description of their mathematics."""

import math

import numpy as np

import pullback as pb


# -- hello, llsq, lse ----------------------------------------------------------------------------------
def square(x):
    return x * x


def llsq(x, n):
    total = 0.0
    for i in range(n):
        t = -1.0 + 2.0 * i / (n - 1)
        rest = np.sign(t)
        power = 1.0
        for j in range(len(x)):
            rest -= x[j] * power
            power *= t
        total += 0.5 * rest * rest
    return total


def lse(x):
    top = np.max(x)
    return top + np.log(np.sum(np.exp(x - top)))


# -- ode -------------------------------------------------------------------------------------------------
def _slope(x, y):
    k = np.empty_like(y)
    k[0] = x[0]
    k[1:] = x[1:] * y[:-1]
    return k


def ode(x, steps):
    h = 2.0 / steps
    y = np.zeros_like(x)
    for _ in range(steps):
        k1 = _slope(x, y)
        k2 = _slope(x, y + h / 2 * k1)
        k3 = _slope(x, y + h / 2 * k2)
        k4 = _slope(x, y + h * k3)
        y += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


def ode_last(x, steps):
    return ode(x, steps)[-1]


# -- kmeans ----------------------------------------------------------------------------------------------
def kmeans(points, centroids):
    cost = 0.0
    for i in range(len(points)):
        best = np.inf
        for k in range(len(centroids)):
            distance = 0.0
            for j in range(points.shape[1]):
                distance += (points[i, j] - centroids[k, j]) ** 2
            if distance < best:
                best = distance
        cost += best
    return cost


def kmeans_arrays(points, centroids):
    difference = points[:, None, :] - centroids[None, :, :]
    return np.sum(np.min(np.sum(difference**2, axis=2), axis=1))


# -- gmm -------------------------------------------------------------------------------------------------
def gmm(alpha, mu, q, l, x, m, gamma):
    n, d = x.shape
    k = len(alpha)
    half = 0.5 * d * math.log(2 * math.pi)
    total = 0.0
    terms = np.empty(k)
    residual = np.empty(d)
    for i in range(n):
        for c in range(k):
            for a in range(d):
                residual[a] = np.exp(q[c, a]) * (x[i, a] - mu[c, a])
            at = 0
            for b in range(d):
                for a in range(b + 1, d):
                    residual[a] += l[c, at] * (x[i, b] - mu[c, b])
                    at += 1
            terms[c] = alpha[c] + np.sum(q[c]) - 0.5 * np.sum(residual**2)
        top = np.max(terms)
        total += top + np.log(np.sum(np.exp(terms - top)))
    top = np.max(alpha)
    total -= n * (half + top + np.log(np.sum(np.exp(alpha - top))))
    freedom = d + m + 1
    constant = freedom * d * math.log(gamma / math.sqrt(2)) - _log_gamma(0.5 * freedom, d)
    for c in range(k):
        frobenius = np.sum(np.exp(q[c]) ** 2) + np.sum(l[c] ** 2)
        total += constant - 0.5 * gamma**2 * frobenius + m * np.sum(q[c])
    return total


def _log_gamma(a, d):
    s = 0.25 * d * (d - 1) * math.log(math.pi)
    for j in range(d):
        s += math.lgamma(a - 0.5 * j)
    return s


# -- lstm ------------------------------------------------------------------------------------------------
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def lstm(main, extra, state, sequence):
    b = sequence.shape[1]
    layers = len(state) // 2
    state = state.copy()
    total = 0.0
    for t in range(len(sequence) - 1):
        x = sequence[t] * extra[0]
        for i in range(layers):
            w, bias = main[2 * i], main[2 * i + 1]
            h, cell = state[2 * i], state[2 * i + 1]
            forget = sigmoid(x * w[:b] + bias[:b])
            into = sigmoid(h * w[b : 2 * b] + bias[b : 2 * b])
            out = sigmoid(x * w[2 * b : 3 * b] + bias[2 * b : 3 * b])
            change = np.tanh(h * w[3 * b :] + bias[3 * b :])
            state[2 * i + 1] = cell * forget + into * change
            state[2 * i] = out * np.tanh(state[2 * i + 1])
            x = state[2 * i]
        y = x * extra[1] + extra[2]
        normal = y - np.log(2 + np.sum(np.exp(y)))
        total += np.dot(sequence[t + 1], normal)
    return -total / ((len(sequence) - 1) * b)


# -- ba --------------------------------------------------------------------------------------------------
def rotated(rotation, x):
    angle2 = np.sum(rotation**2)
    if angle2 != 0:
        angle = np.sqrt(angle2)
        axis = rotation / angle
        cross = _cross(axis, x)
        return x * np.cos(angle) + cross * np.sin(angle) + axis * (np.dot(axis, x) * (1 - np.cos(angle)))
    return x + _cross(rotation, x)


def _cross(a, b):
    return np.array([a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]])


def reprojection(cam, x, w, feat):
    moved = rotated(cam[:3], x - cam[3:6])
    image = moved[:2] / moved[2]
    r2 = np.sum(image**2)
    distorted = image * (1 + cam[9] * r2 + cam[10] * r2 * r2)
    return w * (distorted * cam[6] + cam[7:9] - feat)


def weight_error(w):
    return 1 - w * w


def all_residuals(cams, points, weights, feats):
    errors = np.empty((len(weights), 2))
    for i in range(len(weights)):
        errors[i] = reprojection(cams[i], points[i], weights[i], feats[i])
    return errors, weight_error(weights)


def summed_residuals(cams, points, weights, feats, k):
    """The gradient by the arguments of each observation: row k of its block of the Jacobian."""
    return np.sum(all_residuals(cams, points, weights, feats)[0][:, k])


# -- ht --------------------------------------------------------------------------------------------------
def angle_axis_matrix(v):
    norm = np.sqrt(np.sum(v**2))
    if norm < 1e-4:
        return np.eye(3)
    x, y, z = v[0] / norm, v[1] / norm, v[2] / norm
    s, c = np.sin(norm), np.cos(norm)
    return np.array(
        [
            [x * x + (1 - x * x) * c, x * y * (1 - c) - z * s, x * z * (1 - c) + y * s],
            [x * y * (1 - c) + z * s, y * y + (1 - y * y) * c, y * z * (1 - c) - x * s],
            [x * z * (1 - c) - y * s, z * y * (1 - c) + x * s, z * z + (1 - z * z) * c],
        ]
    )


def euler_matrix(x, z, y):
    a = np.array([[1.0, 0.0, 0.0], [0.0, np.cos(x), -np.sin(x)], [0.0, np.sin(x), np.cos(x)]])
    b = np.array([[np.cos(y), 0.0, np.sin(y)], [0.0, 1.0, 0.0], [-np.sin(y), 0.0, np.cos(y)]])
    c = np.array([[np.cos(z), -np.sin(z), 0.0], [np.sin(z), np.cos(z), 0.0], [0.0, 0.0, 1.0]])
    return c @ b @ a


def bone_angles(theta, bones):
    """Three Euler angles (x, z, y) for each bone: the first joint of a finger has two, the others one."""
    angles = np.zeros((bones, 3))
    at = 6
    for finger in range(5):
        joint = 2 + 4 * finger
        angles[joint, :2] = theta[at : at + 2]
        angles[joint + 1, 0] = theta[at + 2]
        angles[joint + 2, 0] = theta[at + 3]
        at += 4
    return angles


def skinned(theta, parents, relatives, inverses, base, weights):
    """The vertices of the posed hand."""
    bones = len(relatives)
    angles = bone_angles(theta, bones)
    absolute = np.empty((bones, 4, 4))
    vertices = np.zeros((len(base), 3))
    for i in range(bones):
        local = np.eye(4)
        local[:3, :3] = euler_matrix(angles[i, 0], angles[i, 1], angles[i, 2])
        if parents[i] < 0:
            absolute[i] = relatives[i] @ local
        else:
            absolute[i] = absolute[parents[i]] @ (relatives[i] @ local)
        moved = base @ (absolute[i] @ inverses[i]).T
        vertices += moved[:, :3] * weights[:, i : i + 1]
    return vertices @ angle_axis_matrix(theta[:3]).T + theta[3:6]


def hand(theta, us, parents, relatives, inverses, base, weights, triangles, correspondences, points, complicated):
    vertices = skinned(theta, parents, relatives, inverses, base, weights)
    residuals = np.empty((len(points), 3))
    for i in range(len(points)):
        c = correspondences[i]
        if complicated:
            u, v = us[i, 0], us[i, 1]
            t = triangles[c]
            model = u * vertices[t[0]] + v * vertices[t[1]] + (1 - u - v) * vertices[t[2]]
        else:
            model = vertices[c]
        residuals[i] = points[i] - model
    return residuals.ravel()


# -- det -------------------------------------------------------------------------------------------------
def determinant(a, ell):
    rows = np.arange(1, ell + 2)
    rows[ell] = 0
    columns = np.arange(1, ell + 2)
    columns[ell] = 0
    return minor(a, ell, ell, rows, columns)


def minor(a, ell, n, rows, columns):
    """The determinant of what the linked lists of rows and columns leave of `a`; both are edited and restored."""
    first = rows[ell]
    if n == 1:
        return a[first * ell + columns[ell]]
    rows[ell] = rows[first]
    total = 0.0
    sign = 1.0
    before = ell
    column = columns[ell]
    for _ in range(n):
        columns[before] = columns[column]
        total += sign * a[first * ell + column] * minor(a, ell, n - 1, rows, columns)
        columns[before] = column
        before = column
        column = columns[column]
        sign = -sign
    rows[ell] = first
    return total


# -- particle and saddle ---------------------------------------------------------------------------------
def gradient_r(f, x):
    return pb.grad(f)(x)


def gradient_f(f, x):
    g = np.zeros_like(x)
    for i in range(len(x)):
        e = np.zeros_like(x)
        e[i] = 1.0
        g[i] = pb.jvp(f, (x,), (e,))[1]
    return g


GRADIENTS = {"r": gradient_r, "f": gradient_f}


def descent(f, gradient, start):
    x = start.copy()
    value = f(x)
    g = gradient(f, x)
    eta = 1e-5
    accepted = 0
    while True:
        if np.sqrt(np.sum(g * g)) <= 1e-5:
            return x
        if accepted == 10:
            eta *= 2.0
            accepted = 0
        new = x - eta * g
        if np.sqrt(np.sum((new - x) ** 2)) <= 1e-5:
            return x
        new_value = f(new)
        if new_value < value:
            x = new
            value = new_value
            g = gradient(f, x)
            accepted += 1
        else:
            eta /= 2.0
            accepted = 0


def saddle(start, mode):
    outer, inner = GRADIENTS[mode[0]], GRADIENTS[mode[1]]

    def payoff(x, y):
        return np.sum(x * x) - np.sum(y * y)

    def best_reply(x):
        return descent(lambda y: -payoff(x, y), inner, start)

    def worst_case(x):
        return payoff(x, best_reply(x))

    x = descent(worst_case, outer, start)
    y = best_reply(x)
    return np.concatenate([x, y])


def particle(w, mode):
    outer, inner = GRADIENTS[mode[0]], GRADIENTS[mode[1]]

    def landing(w):
        def potential(x):
            a = np.sqrt((x[0] - 10.0) ** 2 + (x[1] - (10.0 - w[0])) ** 2)
            b = np.sqrt((x[0] - 10.0) ** 2 + x[1] ** 2)
            return 1.0 / a + 1.0 / b

        x = np.array([0.0, 8.0])
        v = np.array([0.75, 0.0])
        while True:
            a = -inner(potential, x)
            x = x + 0.1 * v
            if x[1] <= 0:
                break
            v = v + 0.1 * a
        final = x - (x[1] / v[1]) * v
        return final[0] ** 2

    return descent(landing, outer, np.array([w]))[0]
