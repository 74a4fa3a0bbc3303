# ruff: noqa
"""Arrays that change places, in loops whose length the call tells; arrays that are one or another by the path taken."""

import numpy as np

CASES = []
V = np.array([0.7, -1.2, 0.4, 1.9])
W = np.array([0.3, 0.8, -0.5, 1.1])
K = np.array([2, 0, 2, 2])
A = np.array([[0.5, -0.3, 0.8], [1.2, 0.4, -0.9]])
GRID = np.linspace(0.2, 1.3, 20).reshape(4, 5)


def case(*args):
    return lambda f: CASES.append((f, args)) or f


@case(V, K)
def swapped_with_the_argument(u, k):
    v = np.zeros_like(u)
    for t in range(k[0] + 1):
        for i in range(1, len(u) - 1):
            v[i] = 0.5 * u[i] + 0.3 * u[i - 1] * u[i + 1]
        u, v = v, u
    return u


@case(V, K)
def swapped_then_written(u, k):
    v = np.zeros_like(u)
    for t in range(k[0] + 1):
        v[1:] = u[1:] * u[:-1]
        u, v = v, u
    u[0] = u[1] * 3.0
    v[1] += 2.0 * u[0]
    return u, v


@case(V, W, K)
def swapped_arguments(u, v, k):
    for t in range(k[0] + k[1]):
        v[1:] = u[1:] * u[:-1]
        u, v = v, u
    return np.sum(u) * v[1]


@case(V, K)
def old_and_new(u, k):
    u_old = u.copy()
    for t in range(k[0]):
        u_old, u = u, u_old
        u[1:-1] = u_old[1:-1] + 0.1 * (u_old[2:] - 2.0 * u_old[1:-1] + u_old[:-2]) ** 2
    return np.sum(u**2)


@case(V, W, K)
def three_levels(prev, cur, k):
    nxt = np.zeros_like(cur)
    for t in range(k[0] + 2):
        nxt[1:-1] = 2.0 * cur[1:-1] - prev[1:-1] + 0.2 * (cur[2:] * cur[:-2])
        prev, cur, nxt = cur, nxt, prev
    return cur + 0.5 * prev


@case(V, K)
def new_array_each_step(u, k):
    for t in range(k[0] + 1):
        w = np.zeros_like(u)
        for i in range(1, len(u)):
            w[i] = u[i] * u[i - 1]
        u[0] = w[1] * 2.0
        u = w
        u[0] = 1.5
    u[-1] = 0.25 * u[1]
    return u


@case(V, K)
def rebound_after_zero_or_more_steps(u, k):
    for t in range(k[1]):
        u = np.sin(u)
    u[0] = u[1] * 2.0
    return u


@case(V, W, K)
def swapped_in_nested_loops(u, v, k):
    for s in range(k[0]):
        for t in range(k[2] + s):
            v[1:] = 0.5 * u[1:] + u[:-1] * u[1:]
            u, v = v, u
        u[0] = 0.3 * v[1]
    return u * 2.0 + v


@case(V, K)
def swapped_by_condition(u, k):
    v = np.cos(u)
    for t in range(k[0] + 1):
        if u[t] > 0.0:
            u, v = v, u
        u[0] += 0.5 * v[1]
        v[2] *= u[0]
    return u - 2.0 * v


@case(V, K)
def swap_while(u, k):
    v = np.zeros_like(u)
    n = 0
    while n < 5 and np.max(np.abs(u)) > 0.2:
        v[:] = 0.5 * u
        v[0] = u[-1] * u[0]
        u, v = v, u
        n += 1
    return np.sum(u) + n


@case(V, K)
def swap_and_break(u, k):
    v = np.zeros_like(u)
    for t in range(k[0] + 3):
        v[:] = 0.5 * u + 0.1
        u, v = v, u
        if u[0] < 0.3:
            break
        u[0] *= 0.9
    return u * v


def _advance(u, steps):
    un = np.empty_like(u)
    for t in range(steps):
        un[:] = u
        un[1:-1] = u[1:-1] + 0.1 * (u[2:] - 2.0 * u[1:-1] + u[:-2]) * u[1:-1]
        u, un = un, u
    return u


@case(V, K)
def helper_that_swaps(x, k):
    u = np.sin(x)
    u = _advance(u, k[0])
    u = _advance(u, k[2] + 1)
    return u


@case(V, K)
def helper_that_swaps_what_is_read_again(x, k):
    u = np.sin(x)
    w = _advance(u, k[0] + 1)
    return w * u + np.sum(u)


@case(V, K)
def helper_that_swaps_the_argument_of_the_call(x, k):
    return _advance(x, k[0]) * x


@case(V, K)
def swapped_in_a_list(u, k):
    bufs = [u, np.zeros_like(u)]
    for t in range(k[0] + 1):
        bufs[1][1:] = bufs[0][1:] * bufs[0][:-1]
        bufs[0], bufs[1] = bufs[1], bufs[0]
    return bufs[0] + 2.0 * bufs[1]


@case(V, K)
def swapped_dict_entries(u, k):
    state = {"now": np.sin(u), "next": np.zeros_like(u)}
    for t in range(k[0] + 1):
        state["next"][1:] = state["now"][1:] * state["now"][:-1]
        state["now"], state["next"] = state["next"], state["now"]
    return state["now"] + 2.0 * state["next"]


@case(GRID, K)
def swapped_rows(g, k):
    a, b = g[0], g[1]
    for t in range(k[0] + 1):
        for i in range(1, g.shape[1]):
            b[i] = a[i] * a[i - 1]
        a, b = b, a
    return a + 2.0 * b


@case(GRID, K)
def alternating_planes(g, k):
    for t in range(k[0] + 1):
        src, dst = g[t % 2], g[(t + 1) % 2]
        dst[1:] = src[1:] * src[:-1]
    return g


@case(V, W, K)
def source_and_target_by_parity(a, b, k):
    for t in range(k[0] + 1):
        if t % 2 == 0:
            src, dst = a, b
        else:
            src, dst = b, a
        for i in range(1, len(a)):
            dst[i] = src[i - 1] * src[i]
    return a * 2.0 + b


@case(V, W)
def one_or_the_other(a, b):
    y = a if a[0] > 0.0 else b
    y[0] = 3.0 * y[1]
    y *= 0.5
    a[1] = y[0] * 2.0
    return y + a * b


@case(V, W)
def buffer_by_branch(a, b):
    if a[0] > b[0]:
        buf = a
    else:
        buf = b
    for i in range(1, len(buf)):
        buf[i] = buf[i] * buf[i - 1]
    b[0] = 0.1
    return buf + a * b


@case(V)
def copy_or_not(x):
    y = x if x[0] > 0.0 else x.copy()
    y[1] = y[0] * x[2]
    x[0] = 2.0 * y[1]
    return x * y


@case(V, W)
def views_by_branch(a, b):
    y = a[1:] if a[0] > 0.0 else b[:-1]
    y[0] = 3.0 * y[1]
    y[::2] *= 2.0
    return a * b + np.sum(y)


@case(V, W)
def choice_of_choices(a, b):
    y = a if a[0] > 1.0 else b
    z = y if b[1] > 0.0 else a
    z[0] = z[1] * y[2]
    y[2] = z[0] * 1.5
    return a + b * z


def _pick(a, b):
    if a[0] < b[0]:
        return a
    return b


@case(V, W)
def picked_by_a_helper(a, b):
    y = _pick(a, b)
    y[1:] += y[:-1] ** 2
    return a * b


@case(V, W, K)
def choice_carried_by_a_loop(a, b, k):
    y = a if a[0] > 0.0 else b
    for t in range(k[0]):
        y[t] = y[t + 1] * 2.0
        a[t] += 0.1 * b[t]
    return a * b + y


@case(V, K)
def alias_of_the_last_step(x, k):
    u = x.copy()
    last = u
    for t in range(k[0] + 1):
        last = u
        u = np.sin(u) * 1.1
    last[0] = u[0] * 3.0
    return last * u


@case(V, K)
def flipped_each_step(x, k):
    u = x
    for t in range(k[0] + 1):
        u = u[::-1]
    return u * np.arange(len(x))


@case(V, W, K)
def best_so_far(x, w, k):
    best = x
    for t in range(k[0] + 2):
        cand = w * (0.5 * t) + x
        if np.sum(cand) < np.sum(best):
            best = cand
    best[0] = best[1] * 2.0
    return best


@case(V, K)
def in_place_and_swapped(u, k):
    v = u * 2.0
    for t in range(k[0] + 1):
        u += 0.1 * v
        v *= u
        v, u = u, v
    u -= v
    return u


@case(V, W, K)
def two_loops_that_swap(u, v, k):
    for t in range(k[0] + 1):
        v[1:] = u[:-1] * u[1:]
        u, v = v, u
    for t in range(k[2] - 1):
        v[:-1] = u[:-1] + u[1:] ** 2
        u, v = v, u
    u[0] = v[0] * 0.5
    return u + 3.0 * v


@case(GRID, K)
def laplace_with_swapped_grids(g, k):
    new = g.copy()
    for t in range(k[0] + 1):
        for i in range(1, g.shape[0] - 1):
            for j in range(1, g.shape[1] - 1):
                new[i, j] = 0.25 * (g[i - 1, j] + g[i + 1, j] + g[i, j - 1] + g[i, j + 1]) * g[i, j]
        g, new = new, g
    return np.sum(g**2)


@case(V, K)
def swap_under_a_late_return(u, k):
    v = np.zeros_like(u)
    for t in range(k[0] + 4):
        v[1:] = 0.5 * u[:-1]
        u, v = v, u
        if np.max(np.abs(u)) < 0.3:
            return u * 2.0
    return u


@case(GRID, K)
def rows_taken_in_turn(g, k):
    row = g[0]
    for t in range(k[0] + 1):
        row[0] = row[1] * row[2]
        row = g[(t + 1) % 4]
        row[1] += 0.5
    row *= 2.0
    return g


@case(GRID, V, K)
def row_or_another_array(g, v, k):
    row = g[0, :4]
    for t in range(k[0] + 1):
        row = g[t, :4] if t < 2 else v
    return row * 2.0


@case(V, W, K)
def last_of_two_arguments(a, b, k):
    y = a
    for t in range(k[0] + 1):
        y = b if t == 1 else a
    y[0] = y[1] * 2.0
    a[2] = y[0]
    return a * b


@case(V, W, K)
def closure_reads_the_buffer(u, w, k):
    v = np.zeros_like(u)

    def total():
        return np.sum(u) + w[0]

    for t in range(k[0] + 1):
        v[1:] = u[1:] * u[:-1] + total()
        u, v = v, u
    return u


@case(V, K)
def dataclass_like_state(u, k):
    state = (u.copy(), np.zeros_like(u))
    for t in range(k[0] + 1):
        now, nxt = state
        nxt[1:] = now[1:] * now[:-1]
        state = (nxt, now)
    return state[0] - state[1]


@case(GRID, K)
def last_row_of_a_loop(g, k):
    for i in range(k[0] + 1):
        row = g[i]
        row[0] = row[1] * 2.0
    row *= 3.0
    return g * row[2]


@case(GRID, V, K)
def last_row_or_another(g, v, k):
    row = np.zeros_like(v)
    for i in range(k[0]):
        row = g[i, 1:] if v[i] > 0.0 else v
    return row * 3.0


@case(V, GRID, K)
def arrays_of_two_shapes_made_anew(v, g, k):
    for t in range(k[0]):
        v = np.sin(v)
        g = g**2
    last = v
    last[:] = v[0] * 2.0
    return v, g


@case(V, GRID, K)
def arrays_of_two_shapes_exchanged(v, g, k):
    u, h = np.zeros_like(v), np.zeros_like(g)
    for t in range(k[0]):
        u[1:] = v[1:] * v[:-1]
        h[:] = g * u[0]
        u, v = v, u
        g, h = h, g
    return u, v, g + h


@case(V, GRID)
def written_through_new_axes(v, g):
    v, g = v.copy(), g.copy()
    flat = v[:, np.newaxis].ravel()
    flat /= 1.5
    v[None, :, None][0, :, 0] *= 2.0
    column = g[:, None, 1]
    column[:, 0] += v[0]
    column += 1.0
    flat[-1] += g[0, 1]
    return v, g


@case(V, K)
def stored_under_another_name(x, k):
    n = k[0]
    x = np.sin(x)
    if n:
        x[n : n + 2] += np.square(x[n : n + 2])
    x[n : n + 1] *= np.exp(x[n : n + 1])
    return x.sum()


@case(V, K)
def iterated_while_swapped(u, k):
    v = np.zeros_like(u)
    s = 0.0
    for e in u:
        v[1:] = 0.5 * u[:-1] * e
        s = s + e
    return s * v[1]


@case(np.array([0.7]), K)
def stores_that_reach_nothing_beside_one_that_does(y, k):
    y = y.copy()
    total = 0.0
    for t in range(k[0] + 1):
        y[::-1] = np.sin(y[-1]) * y + 0.1
        for i in range(2):
            y[1:] = 0.5 * y[-1]
            total += y[-1] ** 2 * y[0]
    return total + y


@case(V, np.abs(V) + 0.1)
def iterated_while_it_is_replaced(x, a):
    a = np.abs(a)
    for i, t in enumerate(a):
        if x[i] > 0:
            a = np.cos(a)
        a[i] += t
        a[-1] += 1
    return a


@case(V, np.abs(V) + 0.1)
def iterated_twice_at_once(x, a):
    for e, t in zip(a, a):
        a[:] = e * t
        a = -a
    for e in a:
        a[-1] += e
        a = -a
    return a * x


@case(V, np.abs(V) + 0.1)
def item_of_a_list_beside_its_name(x, a):
    items = [a.copy(), a * 2]
    b = items[0]
    for i in range(len(x)):
        if x[i] > 0:
            items[0] = np.cos(a)
        items[0][i] += b[i]
        b[0] += 1
    return items[0] + b


@case(V, np.abs(V) + 0.1)
def field_of_a_dict_beside_its_name(x, a):
    state = {"now": a.copy()}
    b = state["now"]
    if x[0] > 0.5:
        state["now"] = np.cos(a)
    b[0] += 1
    state["now"][1] *= 3.0
    return state["now"] * b


@case(GRID, GRID * 0.5, 3)
def exchanged_in_an_inner_loop(m, k, n):
    a, b = m, k
    for j in range(n):
        for i in range(j):
            a, b = b, a * 1.5
        a[1] *= 2.0
    a[0] -= 0.25
    return (m * m).sum() + k[0].sum() + b.sum()


@case(GRID, 3)
def turned_and_copied_in_an_inner_loop(m, n):
    a = m
    for j in range(n):
        for i in range(j):
            a = a[::-1].copy()
            a[0] += m[1]
        a[1] *= 2.0
    a[0] -= 0.25
    return m[0].sum() + (m[1] * a[1]).sum()


@case(V)
def another_name_until_the_first_iteration_ends(x):
    y = x
    k = 0
    while k < 2 and x[0] < 9.0:
        k += 1
        x[1:] *= 0.5
        y = x * x
    return np.sum(np.sin(y)) + np.sum(x)


def shortened(x):
    x[1:] *= 0.5
    return x[1]


@case(V, 3)
def another_name_until_the_test_writes(x, n):
    y = x
    k = 0
    while k < n and shortened(x) < 9.0:
        k += 1
        y = x * x
    return np.sum(np.sin(y)) + np.sum(x)


@case(V, 3)
def another_name_where_the_test_fails_at_once(x, n):
    y = x
    while shortened(x) < -9.0:
        y = x * x
    return np.sum(np.sin(y)) + np.sum(x)


@case(V)
def another_name_of_a_list_until_the_first_iteration_ends(x):
    a = [x[0]]
    b = a
    k = 0
    while k < 3 and a[0] < 100.0:
        a[0] = a[0] + 1.0
        b = [a[0] * 2.0]
        k += 1
    return a[0] * b[0]


@case(V)
def another_name_of_a_dict_until_the_first_iteration_ends(x):
    d = {"a": x[0]}
    e = d
    for i in range(50 * len(x)):
        d["a"] = d["a"] * 0.9 + 0.1
        e = {"a": d["a"] * 2.0}
    return d["a"] * e["a"]
