# ruff: noqa
"""Lists that grow in loops of run-time length."""

import numpy as np

CASES = []
V = np.array([0.7, -1.2, 0.4, 1.9])
A = np.linspace(0.1, 1.2, 12).reshape(3, 4)
K = np.array([2, 0, 2, 2])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(V, K)
def append_states(x, k):
    y = x
    traj = [y]
    for t in range(k[0] + 1):
        y = y + 0.1 * np.sin(y)
        traj.append(y)
    return np.sum(np.stack(traj) ** 2, axis=0)


@case(V)
def append_if(x):
    pos = []
    for v in x:
        if v > 0:
            pos.append(v)
    s = 0.0
    for p in pos:
        s += p**2
    return s / max(len(pos), 1)


@case(V)
def append_loop(x):
    out = []
    for v in x:
        out.append(np.sin(v))
    return sum(out)


@case(V)
def append_array(x):
    out = [np.sum(x)]
    for i in range(len(x)):
        out.append(x[i] ** 2)
    return np.array(out) * np.array(out)[0]


@case(V, K)
def append_last(x, k):
    h = [x[0]]
    for i in range(1, len(x)):
        h.append(h[-1] * x[i])
    return h[-1] + h[0] + sum(h[1:]) + h[k[0]]


@case(V, K)
def two_sites(x, k):
    out = [1.0]
    for i in range(len(x)):
        out.append(x[i])
        if x[i] > 0:
            out.append(x[i] ** 2)
        else:
            out.append(0.5)
            out.append(x[i] * 3)
    out.append(7.0)
    return np.sum(np.array(out) * np.arange(len(out)))


@case(A, K)
def nested_append(a, k):
    out = []
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            if a[i, j] > 0.42:
                out.append(a[i, j] ** 2)
        out.append(a[i, 0])
    return sum(out) * len(out) + max(out) * 2.0 + out[-1]


@case(V, K)
def triangular(x, k):
    out = []
    for i in range(k[0] + 2):
        for j in range(i):
            out.append(x[i] * x[j])
    return sum(out)


@case(V, K)
def rep(x, k):
    n = k[0] + 2
    out = [x[0] * 0.0] * n
    for i in range(n):
        out[i] = x[i] ** 2 + (out[i - 1] if i > 0 else 0.0)
    return out[-1] * out[0] + sum(out)


@case(V, K)
def append_in_helper(x, k):
    hist = []

    def log(v):
        hist.append(v * 2)

    y = x[0]
    for t in range(k[0] + 3):
        y = np.sin(y) + x[t % 4]
        log(y)
    return hist[-1] * hist[0] + np.mean(hist)


@case(V, K)
def pops(x, k):
    st = []
    for i in range(k[0] + 2):
        st.append(x[i])
        if len(st) > 2:
            a = st.pop()
            b = st.pop()
            st.append(a * b)
    return st[-1]


@case(V, K)
def sorted_appended(x, k):
    out = []
    for i in range(len(x)):
        out.append(x[i] * x[0])
    l = sorted(out)
    best = min(out)
    s = 0.0
    for i, v in enumerate(out):
        s += i * v
    for a, b in zip(out[:-1], out[1:]):
        s += a * b
    return s + best + l[0]


@case(V, K)
def empty_trip(x, k):
    out = []
    for i in range(k[1]):
        out.append(x[i])
    return sum(out) + len(out) + np.sum(x)


@case(V, K)
def stack_mean(x, k):
    out = []
    for t in range(k[0] + 7):
        out.append(x * t)
    return np.mean(np.array(out), axis=0) + out[-1]


@case(V, K)
def truthy(x, k):
    q = []
    s = 0.0
    for i in range(len(x)):
        if x[i] > 0.5:
            q.append(x[i])
        if q:
            s += q[-1] * x[i]
    return s


@case(V, K)
def two_lists(x, k):
    ts, ys = [0.0], [x[0]]
    t, y = 0.0, x[0]
    for i in range(k[0] + 10):
        y = y + 0.1 * (x[1] - y * y)
        t = t + 0.1
        ts.append(t)
        ys.append(y)
    ts = np.array(ts)
    ys = np.array(ys)
    return np.sum(0.5 * (ys[1:] + ys[:-1]) * (ts[1:] - ts[:-1]))


@case(V, K)
def brk(x, k):
    out = []
    for i in range(len(x)):
        if x[i] > 1.5:
            break
        out.append(x[i])
    return sum(out) / max(len(out), 1)


@case(A)
def table_of_lists(a):
    n, m = a.shape
    t = [[0.0 * a[0, 0] for j in range(m)] for i in range(n)]
    for i in range(n):
        for j in range(m):
            t[i][j] = a[i, j] ** 2 + (t[i - 1][j] if i > 0 else 0.0) * (t[i][j - 1] if j > 0 else 1.0)
    s = 0.0
    for row in t:
        s = s + sum(row) * row[-1] + len(row)
    return s + t[-1][0]


@case(V)
def truth_of_a_filtered_list(x):
    s = 0.0
    for i in range(len(x)):
        below = [x[j] for j in range(i) if x[j] < x[i]]
        if below:
            s += max(below) * x[0]
        if not below:
            s += 1.0
        s += sum(below) / len(below) if below else x[1]
    return s


@case(V)
def lists_joined(x):
    a = [x[2]] + [v * x[0] for v in x if v > 0]
    b = a + [x[1]]
    c = [] + a + []
    b.append(x[0] * x[0])
    return sum(b) * len(b) + a[0] + a[-1] + min([x[3]] + [v for v in x if v > 5]) + sum(c)


@case(V)
def list_joined_in_place(x):
    out = [1.0]
    for v in x:
        if v > 0:
            out += [v * x[0]]
    out += [2.0, x[1]]
    return sum(out) * len(out)


@case(V)
def list_extended_and_copied(x):
    out = [1.0]
    for v in x:
        if v > 0:
            out.extend([v * x[0], x[1]])
    other = out.copy()
    other.append(100.0 * x[0])
    return sum(out) * len(out) + sum(other)


@case(V)
def list_cleared(x):
    means, run = [], []
    for v in x:
        if v > 0:
            run.append(v * x[0])
        else:
            if run:
                means.append(sum(run) * x[1])
            run.clear()
    return sum(m * m for m in means) + sum(run)


@case(V)
def list_grown_on_one_path_only(x):
    out = [x[0]]
    if x[0] > 0.5:
        for v in x:
            out.append(v * x[1])
    else:
        out.append(2.0)
    return sum(out) * len(out)


@case(V)
def list_grown_on_two_paths(x):
    out = [x[0]]
    if x[0] > 5:
        for v in x:
            out.append(v * x[1])
    else:
        for v in x:
            if v < 1:
                out.append(v * v)
    out.append(x[3])
    for v in x:
        out.append(v)
    return sum(out) * len(out)


@case(V)
def results_as_long_as_the_argument(x):
    out, two = [x[0]], []
    for v in x[1:]:
        out.append(v * out[-1])
        two.append(v)
        two.append(v * v)
    return np.array(out), np.array(two), np.array([2.0 * v for v in two])


@case(V)
def results_of_a_loop_that_breaks(x):
    out = [x[0]]
    for v in x[1:]:
        out.append(v * out[-1])
        if abs(out[-1]) < 0.5:
            break
    return sum(out)


@case(V)
def items_of_a_list_of_lists_joined(x):
    t = [[v, 2.0 * v] for v in x]
    return sum(t[0] + t[1]) * x[0]


@case(V, 1)
def masks_in_a_part(x, m):
    """The name of the loop's bound is not that of the number of items."""
    v = x[m : m + 2]
    y = []
    for j in range(len(v)):
        y.append(np.sum(v[v > 0.0]) * v[j])
    return sum(y)


@case(0.7, 5)
def errors_with_a_previous(a, n):
    prev = None
    log = []
    for k in range(n):
        d = 0.0 if prev is None else a - prev
        prev = a * k
        log.append(d)
    return sum(log) + len(log) * a


@case(V)
def history_of_a_sum_that_becomes_an_array(xs):
    acc = 0
    hist = []
    for x in xs:
        acc = acc + xs * x
        hist.append(acc.sum())
    return hist[-1] + len(hist) + np.mean(hist)


@case(V)
def differences_of_items(xs):
    prev = None
    out = [1.0]
    for x in xs:
        if prev is not None:
            out.append(x - prev)
        prev = x
    return sum(out) * len(out)


@case(V)
def backwards_by_pairs(xs):
    prev = None
    out = []
    for i in range(len(xs) - 1, -1, -1):
        out += [0.0 if prev is None else prev * xs[i], xs[i]]
        prev = xs[i]
    return sum(out) * len(out) + out[-1]


@case(V, 1.5)
def append_on_one_path(x, t):
    out = []
    if t > 0:
        out.append(x[0])
    out.append(x[1])
    return sum(out) * len(out)


@case(V, 1.5)
def append_and_pop_by_path(x, t):
    out = [x[0]]
    if t > 0:
        out.append(x[1] * 2)
        out.append(3)
    elif t < -1:
        out.pop()
    return sum(out) + len(out) * x[2]


@case(V)
def append_after_a_comprehension(x):
    out = [v for v in x if v > 0]
    if x[0] > 0:
        out.append(1.0)
    return sum(out) * len(out)


@case(V, 1.5)
def arrays_on_one_path(x, t):
    parts = []
    if t > 0:
        parts.append(x * 2)
    parts.append(x[::-1])
    if t > 1:
        parts.append(x * x)
    return np.sum(np.concatenate(parts) ** 2)


@case(V, 1.5)
def tuples_on_one_path(x, t):
    ev = [(0.0, x[0])]
    if t > 0:
        ev.append((t, x[1]))
    s = 0.0
    for a, b in ev:
        s += a * b + b
    return s


@case(V, 1.5)
def indices_on_one_path(x, t):
    idx = [0]
    if t > 0:
        idx.append(2)
    return np.sum(x[idx]) * idx[-1] + x[len(idx)]


@case(V, 3)
def append_when_not_broken(x, n):
    out = []
    for k in range(n):
        if x[k] < -1:
            break
        out.append(x[k])
    else:
        out.append(-1.0)
    return sum(out) * len(out)


@case(V)
def append_in_a_short_loop(x):
    out = []
    for k in range(3):
        if x[k] > 0.5:
            out.append(x[k])
    return sum(out) * len(out)


@case(V, 1.5)
def append_and_return(x, t):
    out = []
    if t > 0:
        out.append(x[0])
        if t > 1:
            return sum(out)
        out.append(x[1])
    for v in out:
        t += v
    return t * x[2] if out else x[3]


@case(V)
def set_of_numbers(x):
    s = {x[0], x[1]}
    return sum(s)


@case(V, 1.5)
def append_to_an_alias(x, t):
    out = [x[0]]
    b = out
    if t > 0:
        b.append(x[1])
    out.append(x[2])
    return sum(b) * len(out)


@case(V, 1.5)
def append_after_a_while_loop(x, t):
    out = []
    i = 0
    while i < 3:
        i += 1
        if x[i] > 0:
            out.append(x[i])
    if t > 0:
        out.append(t)
    return sum(out) * len(out)


def _positive(x):
    parts = []
    for i in range(len(x)):
        if x[i] > 0:
            parts.append(x[:2] * x[i])
    return parts


@case(V)
def stacked(x):
    return np.sum(np.stack(_positive(x)) ** 2)


@case(V)
def stacked_vertically(x):
    return np.sum(np.vstack(_positive(x)) ** 2)


@case(V)
def concatenated(x):
    return np.sum(np.concatenate(_positive(x)) ** 2)


@case(V)
def stacked_horizontally(x):
    return np.sum(np.hstack(_positive(x)) ** 2)


@case(V)
def indexed_by_a_grown_list(x):
    idx = []
    for i in range(len(x)):
        if x[i] > 0:
            idx.append(i)
    y = x.copy()
    y[idx] = 3.0
    y[idx] += x[idx]
    return np.sum(x[idx]) * y[idx[0]] + y.sum()


@case(V)
def blocks_that_are_pooled(x):
    blocks = []
    for v in x:
        blocks.append([v, 1.0])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            b, n = blocks.pop()
            a, m = blocks.pop()
            blocks.append([(a * m + b * n) / (m + n), m + n])
    out = []
    for v, n in blocks:
        out.append(v * n * n)
    return sum(out) + len(out)


@case(V)
def stack_of_operands(x):
    stack = [1.0]
    for v in x:
        b = stack.pop()
        for w in x[:3]:
            stack.append(b * w + v)
        while len(stack) > 2:
            stack.append(stack.pop() + 0.5 * stack.pop())
    return sum(stack) * len(stack)


@case(V)
def stack_that_changes_on_both_paths(x):
    stack = []
    for v in x:
        if stack and v > 0.5:
            a = stack.pop()
            stack.append(a * v)
            stack.append(v)
        else:
            stack.append(v)
            stack.append(2 * v)
        if len(stack) > 5:
            stack.pop()
    return sum([v * (k + 1) for k, v in enumerate(stack)]) + len(stack)
