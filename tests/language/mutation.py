# ruff: noqa
"""Writes of every form, views, aliases, repeated indices, overwritten values that the adjoint needs."""

import numpy as np

CASES = []
V = np.array([0.7, -1.2, 0.4, 1.9])
W = np.array([0.3, 0.8, -0.5, 1.1])
A = np.array([[0.5, -0.3, 0.8], [1.2, 0.4, -0.9]])
B = np.array([[0.2, 0.6, -0.4], [-0.8, 0.9, 0.1]])
S = np.array([[2.0, 0.3, -0.1], [0.3, 1.5, 0.4], [-0.1, 0.4, 1.8]])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(V)
def prefix_product(x):
    for i in range(1, len(x)):
        x[i] = x[i] * x[i - 1]
    return x[-1]


@case(V, W)
def element_slice_and_whole_writes(x, w):
    x[0] = w[1] * x[2]
    x[1:3] = w[:2] * x[2:]
    x[:] = np.sin(x) + x[::-1]
    x[-1] *= x[0]
    x[::2] += w[1::2]
    return x


@case(A, B)
def matrix_places(a, b):
    a[0, 1] = b[1, 2] * a[1, 0]
    a[1][2] = a[0][0] ** 2
    a[0] = a[1] * b[0]
    a[:, 1] += b[:, 0]
    a[..., -1] = np.tanh(a[..., 0])
    return a * b


@case(V)
def squares_overwritten(x):
    for i in range(len(x)):
        x[i] = x[i] ** 2
    x *= x
    return np.sum(np.sin(x))


@case(A)
def row_views(a):
    for i in range(a.shape[0]):
        row = a[i]
        row[0] = row[1] * row[2]
        row *= 0.5
        row[1:] += row[:-1]
    return a


@case(A)
def views_of_views(a):
    t = a.T
    u = t[1:]
    v = u[0]
    v[:] = v * v
    u[1] -= t[0]
    flat = a.reshape(-1)
    flat[1:3] = flat[3:5] * 2.0
    return np.sum(a * a) + v[0]


@case(V)
def reversed_view(x):
    r = x[::-1]
    for i in range(len(x)):
        r[i] = r[i] * x[i]
    return r + x


@case(V, W)
def aliases(x, w):
    b = x
    b[0] = 3.0 * w[0]
    c = b
    c += w
    return x * b


@case(V, W)
def swaps(x, w):
    x, w = w, x
    x[0], x[1] = x[1], x[0]
    w[0], x[2] = x[2] * w[1], w[0]
    return np.sum(x * x * w)


@case(A)
def swapped_rows(a):
    tmp = a[0].copy()
    a[0] = a[1]
    a[1] = tmp * tmp
    return a


@case(V)
def double_buffer(x):
    y = np.zeros_like(x)
    for t in range(3):
        for i in range(len(x)):
            y[i] = 0.5 * x[i] + 0.3 * x[i - 1]
        x, y = y, x
    return x


@case(V, np.array([2, 0, 2, 2]))
def repeated_index(x, k):
    y = np.zeros(len(x))
    y[k] += x
    np.add.at(y, k, x * x)
    z = x[k] * y[k]
    y[k] = z
    return y + z


@case(V, W)
def masks(x, w):
    x[x > 0.5] = 0.1
    x[w > 0] *= w[w > 0]
    return x * w


@case(V, W)
def out_arguments(x, w):
    y = np.empty_like(x)
    np.multiply(x, w, out=y)
    np.add(y, x, out=x)
    np.sin(y, y)
    return x * y


@case(V)
def overlapping_slices(x):
    x[1:] = x[:-1] * x[1:]
    x[:-1] += x[1:]
    x[::-1] -= 0.5 * x
    return x


@case(V, W)
def augmented_rebinds_or_writes(x, w):
    y = x
    y += w
    z = x + 0.0
    z -= y * y
    s = 1.0
    s *= z[0]
    return x * s, z


@case(S)
def cholesky_in_place(a):
    n = a.shape[0]
    for j in range(n):
        for k in range(j):
            a[j, j] -= a[j, k] * a[j, k]
        a[j, j] = np.sqrt(a[j, j])
        for i in range(j + 1, n):
            for k in range(j):
                a[i, j] -= a[i, k] * a[j, k]
            a[i, j] /= a[j, j]
    return np.sum(np.log(np.diagonal(a))) + np.sum(np.tril(a) ** 2)


@case(S, np.array([0.4, 1.0, -0.7]))
def elimination(a, b):
    n = len(b)
    for k in range(n):
        for i in range(k + 1, n):
            f = a[i, k] / a[k, k]
            a[i, k:] -= f * a[k, k:]
            b[i] -= f * b[k]
    x = np.zeros(n)
    for i in range(n - 1, -1, -1):
        x[i] = (b[i] - a[i, i + 1 :] @ x[i + 1 :]) / a[i, i]
    return x


@case(V)
def insertion_sort(x):
    for i in range(1, len(x)):
        j = i
        while j > 0 and x[j - 1] > x[j]:
            x[j - 1], x[j] = x[j], x[j - 1]
            j -= 1
    s = 0.0
    for i in range(len(x)):
        s += (i + 1) * x[i] ** 2
    return s


@case(S)
def seidel_sweeps(a):
    n = a.shape[0]
    for t in range(2):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                a[i, j] = (a[i - 1, j] + a[i + 1, j] + a[i, j - 1] + a[i, j + 1] + a[i, j] ** 2) / 5.0
    return a


def scaled_in_place(v, c):
    v *= c
    v[0] = v[-1] ** 2
    return v


@case(V, 0.8)
def helper_that_writes(x, c):
    scaled_in_place(x, c)
    y = scaled_in_place(x[1:], x[0])
    y += c
    return x * x


@case(V, W)
def writes_to_copies(x, w):
    y = x.copy()
    y[0] = w[0]
    z = x[1:] * 1.0
    z[0] = 5.0 * w[1]
    f = x.flatten()
    f *= 2.0
    return np.sum(x) + np.sum(y * y) + z[0] + np.sum(f * w)


@case(V)
def dependent_stack(x):
    h = np.zeros((4, len(x)))
    h[0] = x
    for t in range(1, 4):
        h[t] = np.tanh(h[t - 1]) + h[t - 1, ::-1] * x
    return h[-1] * h[1]


@case(V)
def a_copy_outlives_the_writes_of_a_loop(x):
    y = x * 2.0
    z = y.copy()
    for i in range(len(y)):
        y[i] = np.sin(y[i])
    s = 0.0
    for i in range(len(y)):
        s += z[i] ** 3 * y[i]
    return s


@case(V)
def a_copy_is_read_beside_the_writes(x):
    y = x * 2.0
    s = 0.0
    for _ in range(2):
        z = y.copy()
        for i in range(len(y)):
            y[i] = np.sin(y[i]) * z[i - 1]
            s += np.exp(z[i]) * y[i]
    return s


@case(V)
def copies_in_a_list(x):
    u = x * 1.5
    history = []
    for _ in range(3):
        history.append(u.copy())
        for i in range(len(u)):
            u[i] = np.sin(u[i]) * u[i - 1]
    s = 0.0
    for h in history:
        for i in range(len(h)):
            s += h[i] ** 3
    return s


@case(V)
def a_copy_and_a_branch(x):
    u = x * 2.0
    a = u + 0.0
    b = np.array(u)
    if u[0] > 0:
        u[0] = np.sin(u[0])
        s = a[0] ** 3 * b[0]
    else:
        u[1] = 1.0
        s = a[1] * b[1]
    for i in range(3):
        u[i] *= b[i]
    return s * u[0] + np.exp(b[2]) * b[2]


@case(S)
def factors_beside_their_matrix(a):
    lu = a.copy()
    n = len(a)
    for k in range(n):
        for i in range(k + 1, n):
            lu[i, k] = lu[i, k] / lu[k, k]
            for j in range(k + 1, n):
                lu[i, j] -= lu[i, k] * lu[k, j]
    s = 0.0
    for i in range(n):
        for j in range(n):
            s += a[i, j] ** 2 * lu[j, i] ** 3
    return s


@case(V)
def a_scalar_update_whose_derivative_reads_the_old_array(x):
    y = np.arcsinh(x)
    for _ in range(1):
        y[0] += np.log(3.0 + y[0])
    return y[0] * y[1]


@case(np.array([0.5, 0.25, 0.75], np.float32))
def double_scalar_over_single_elements(x):
    p = 1.0
    for z in x:
        p *= 1.0 + np.cos(p) - z
    q = 0.5
    for z in x:
        q = 0.5 * (np.sin(q) + z)
    x[1] += p * q
    return x


@case(V)
def extremum_of_a_quotient(x):
    """What is divided is divided again to find the place of the largest."""
    x -= 0.5
    x[:] /= 1.5 + np.sin(0.7)
    x[1] -= np.max(x)
    return np.sum(x * x) + x[0]


@case(V)
def element_that_is_set_to_a_list(x):
    x[0] += [1.0]
    return x * x


@case(V)
def element_that_is_set_to_an_array(x):
    x[0] = x[1:2]
    return x * x


@case(V)
def slices_of_one_element(x):
    x[:1] = [x[1]]
    x[0:1] += [x[3]]
    x[..., 1] = x[2]
    return x * x
