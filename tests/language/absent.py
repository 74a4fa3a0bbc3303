# ruff: noqa
"""Names that are None or a number until an iteration or a branch gives them a value."""

import numpy as np

CASES = []
V = np.array([0.7, -1.2, 0.4, 1.9])
A = np.linspace(0.1, 1.2, 12).reshape(3, 4)
K = np.array([2, 0, 2, 2])


def case(*args):
    return lambda f: CASES.append((f, args)) or f


# --- 2: None / types
@case(V)
def best_none(x):
    best = None
    for i in range(len(x)):
        v = x[i] ** 2
        if best is None or v > best:
            best = v
    return best


@case(V)
def prev_none(x):
    prev = None
    s = 0.0
    for v in x:
        if prev is not None:
            s += (v - prev) ** 2
        prev = v
    return s


@case(A, V)
def acc_int_to_array(a, x):
    acc = 0
    for i in range(len(a)):
        acc = acc + x[i] * a[i]
    return acc


@case(A, V)
def acc_int_aug_array(a, x):
    acc = 0
    for i in range(len(a)):
        acc += x[i] * a[i]
    return np.sum(acc**2)


@case(A, V)
def acc_float_none_array(a, x):
    total = None
    for i in range(len(a)):
        term = x[i] * a[i]
        total = term if total is None else total + term
    return total


@case(V, K)
def int_to_float(x, k):
    s = 0
    for i in range(k[0]):
        s = s + x[i]
    return s * 2


@case(V, K)
def int_widened_floordiv(x, k):
    s = 7
    for i in range(k[1]):
        s = s / 2
    return x * (s // 2)


@case(V)
def argmax_loop(x):
    best, idx = None, -1
    for i in range(len(x)):
        if best is None or x[i] > best:
            best = x[i]
            idx = i
    return best * idx


@case(V)
def none_after_loop(x):
    found = None
    for i in range(len(x)):
        if x[i] < 0:
            found = x[i]
            break
    if found is None:
        return np.sum(x)
    return found**2


@case(V)
def none_state_tuple(x):
    state = None
    for v in x:
        if state is None:
            state = (v, v * v)
        else:
            a, b = state
            state = (a + v, b + v * a)
    return state[0] * state[1]


@case(V)
def lowest_inf(x):
    m = float("inf")
    for v in x:
        m = min(m, v * v)
    return m


@case(V)
def first_flag(x):
    first = True
    acc = 0
    for v in x:
        if first:
            acc = v
            first = False
        else:
            acc = acc * v
    return acc


@case(V, V)
def name_changes_type(x, w):
    y = x
    y = np.sum(y * w)
    if y > 0:
        z = 1
    else:
        z = y
    return z * x


@case(A)
def shape_change_broadcast(a):
    acc = np.zeros(1)
    for i in range(a.shape[0]):
        acc = acc + a[i]
    return acc


@case(V)
def none_return_default(x):
    def find(v):
        for i in range(len(v)):
            if v[i] < 0:
                return i
        return None

    i = find(x)
    if i is None:
        return np.sum(x)
    return x[i]


@case(V)
def none_array_while(x):
    old = None
    y = x
    k = 0
    while old is None or np.max(np.abs(y - old)) > 0.1:
        old = y
        y = 0.5 * y + 0.1 * np.sin(y)
        k += 1
    return np.sum(y) * k


@case(V)
def history_none(x):
    m = None
    v = None
    for t in range(len(x)):
        g = x * (t + 1.0)
        if m is None:
            m = np.zeros_like(g)
            v = np.zeros_like(g)
        m = 0.9 * m + 0.1 * g
        v = 0.9 * v + 0.1 * g**2
    return m / (np.sqrt(v) + 1e-3)


@case(V, K)
def none_dict_state(x, k):
    st = {"m": None, "n": 0}
    for t in range(k[0] + 3):
        g = x * (t + 1.0)
        st["m"] = g if st["m"] is None else 0.9 * st["m"] + g
        st["n"] += 1
    return st["m"] * st["n"]


@case(V, K)
def none_helper(x, k):
    def upd(prev, g):
        if prev is None:
            return g * 0.1
        return 0.5 * prev + g

    m = None
    for t in range(k[0] + 9):
        m = upd(m, x * t)
    return m


@case(V, K)
def none_rebinds(x, k):
    last = None
    s = 0.0
    for t in range(k[0] + 9):
        if t % 3 == 0:
            last = None
        if last is not None and last > 0:
            s += last * x[t % 4]
        last = x[(t + 1) % 4]
    return s


@case(V, K)
def none_or_default(x, k):
    w = None
    for t in range(k[1]):
        w = x * 2.0
    w = w if w is not None else x * 3.0
    return w


@case(V, K)
def none_truth(x, k):
    c = None
    for t in range(k[0]):
        if not c:
            c = x[t] * 0.0 + 1.0
        c = c * x[t]
    return c if c else 1.0


@case(V)
def none_list_best(x):
    best = None
    for v in [x[0] * 2, x[1] * 3, x[2]]:
        if best is None or v < best:
            best = v
    return best


@case(A, V)
def nested_none(a, x):
    best = None
    for i in range(a.shape[0]):
        row = None
        for j in range(a.shape[1]):
            row = a[i, j] * x[j] if row is None else row + a[i, j] * x[j] ** 2
        if best is None or row > best:
            best = row
    return best


@case(V, K)
def pair_best(x, k):
    best = (None, None)
    for i in range(len(x)):
        if best[0] is None or x[i] > best[0]:
            best = (x[i], i)
    return best[0] * best[1]


@case(V, K)
def number_then_array_while(x, k):
    s = 0
    i = 0
    while i < k[0]:
        s = s + x[i] * x
        i += 1
    return np.sum(s)


@case(V, K)
def compare_none_eq(x, k):
    y = None
    for i in range(k[0]):
        if y == None:
            y = x[i]
        elif y != None:
            y = y * x[i]
    return y


@case(A, K)
def running_product(a, k):
    p = 1
    for i in range(k[0] + 1):
        p = p * a[i]
    return p


@case(A, K)
def matmul_from_none(a, k):
    p = None
    m = a[:, :3]
    for i in range(k[0] + 1):
        p = m if p is None else p @ m
    return p


@case(V, K)
def step_down_none(x, k):
    nxt = None
    s = 0.0
    for i in range(len(x) - 1, -1, -1):
        if nxt is not None:
            s += (nxt - x[i]) ** 2
        nxt = x[i]
    return s


@case(V, K)
def continue_first(x, k):
    prev = None
    s = 0.0
    for v in x:
        if prev is None:
            prev = v
            continue
        s += prev * v
        prev = v
    return s


@case(V, K)
def early_return(x, k):
    prev = None
    for v in x:
        if prev is not None and v > prev + 1.0:
            return v * prev
        prev = v
    return prev


@case(V, K)
def for_else_none(x, k):
    hit = None
    for i in range(len(x)):
        if x[i] > 5.0:
            hit = x[i]
            break
    else:
        hit = x[0] * 2.0
    return hit


@case(V)
def none_until_a_flag_is_set(x):
    position, entry, gain, trades = 0, None, 0.0, []
    for price in x:
        if position == 0 and price > 0.5:
            position, entry = 1, price
        elif position == 1 and price < 0.5:
            trades.append(price - entry)
            position = 0
    if position:
        gain += x[-1] - entry
    return (gain + sum(trades)) * x[0]


class Trader:
    def __init__(self):
        self.holds, self.entry, self.gain = False, None, 0.0

    def see(self, price, limit):
        if not self.holds and price < limit:
            self.holds, self.entry = True, price
        elif self.holds and price > limit + 0.5:
            self.gain += price - self.entry
            self.holds, self.entry = False, None


@case(V)
def none_in_an_object_until_a_flag_is_set(x):
    trader = Trader()
    for price in x:
        trader.see(price, 0.3)
    return trader.gain * x[0]


@case(np.array([0.3, 1.2, -0.5, 0.8]))
def way_back_through_a_list(x):
    n = len(x)
    prev = [None] * n
    cost = [0.0] * n
    for i in range(1, n):
        best, arg = cost[0] + x[i] ** 2, 0
        for j in range(1, i):
            c = cost[j] + (x[i] - x[j]) ** 2
            if c < best:
                best, arg = c, j
        cost[i] = best
        prev[i] = arg
    path, u = [], n - 1
    while u is not None:
        path.append(u)
        u = prev[u]
    return sum(x[i] for i in path)


@case(np.array([0.3, 1.2, -0.5, 0.8]))
def none_in_a_list_of_constant_length(x):
    n = 4
    prev = [None] * n
    for i in range(1, n):
        prev[i] = i - 1 if x[i] > 0 else 0
    u = n - 1
    t = 0.0
    while u is not None:
        t += x[u] * (u + 1)
        u = prev[u]
    return t


@case(np.array([0.3, 1.2, -0.5, 0.8]))
def none_or_a_number_in_a_test(x):
    n = x.shape[0]
    prev = [None] * n
    for i in range(1, n):
        prev[i] = i - 1 if x[i] > 0 else 0
    u = n - 1
    t = 0.0
    while u is not None and t < 100:
        t += x[u] * (u + 1)
        u = prev[u]
    return t


@case(np.array([0.3, 1.2, -0.5, 0.8]))
def until_there_is_none(x):
    v = x[0] if x[1] > 1 else None
    k = 0
    while v is not None:
        k += 1
        v = v * 0.5 if v > 0.1 else None
    return k * x[0]


@case(np.array([0.3, 1.2, -0.5, 0.8]))
def tuple_that_may_be_none_is_unpacked(x):
    best = (np.inf, None)
    for k in range(1, len(x)):
        low, high = x[:k].mean(), x[k:].mean()
        error = ((x[:k] - low) ** 2).sum() + ((x[k:] - high) ** 2).sum()
        if error < best[0]:
            best = (error, (k, low, high))
    k, low, high = best[1]
    return low * high + k


@case(np.array([0.3, 1.2, -0.5, 0.8]))
def tuple_that_may_be_none_is_summed(x):
    found = None
    for v in x:
        if v > 0.5:
            found = (v, v * v)
    return 0.0 if found is None else sum(found) * len(list(found))
