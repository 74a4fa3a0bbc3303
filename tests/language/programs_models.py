"""Models: filters, sequences, networks, clustering, graphics, games of state."""

from __future__ import annotations

import dataclasses
import functools
import math
from typing import Any, NamedTuple

import numpy as np

from tests.suites.support import Cases

CASES = Cases()
rng = np.random.default_rng(5)


@CASES(rng.normal(size=6), 0.4, 0.7)
def kalman_scalar(z, q, r):
    x, p = 0.0, 1.0
    loss = 0.0
    for measured in z:
        p = p + q
        s = p + r
        innovation = measured - x
        loss += 0.5 * (innovation**2 / s + np.log(s))
        k = p / s
        x = x + k * innovation
        p = (1 - k) * p
    return loss


class Belief(NamedTuple):
    mean: Any
    cov: Any


def _predict(b, f, q):
    return Belief(f @ b.mean, f @ b.cov @ f.T + q)


def _update(b, h, r, z):
    s = h @ b.cov @ h.T + r
    gain = np.linalg.solve(s, h @ b.cov).T
    return b._replace(mean=b.mean + gain @ (z - h @ b.mean), cov=b.cov - gain @ h @ b.cov)


@CASES(np.array([[1.0, 0.1], [0.0, 1.0]]), np.array([[1.0, 0.0]]), rng.normal(size=(4, 1)))
def kalman_filter(f, h, zs):
    belief = Belief(np.zeros(2), np.eye(2))
    for z in zs:
        belief = _predict(belief, f, 0.1 * np.eye(2))
        belief = _update(belief, h, 0.5 * np.eye(1), z)
    return belief.mean @ belief.mean + np.trace(belief.cov)


@CASES(rng.normal(size=(3, 3)), rng.normal(size=(3, 4)), np.array([0, 2, 1, 3, 0]))
def hmm_forward(transitions, emissions, observed):
    t = np.exp(transitions) / np.sum(np.exp(transitions), axis=1, keepdims=True)
    e = np.exp(emissions) / np.sum(np.exp(emissions), axis=1, keepdims=True)
    alpha = np.full(3, 1 / 3) * e[:, observed[0]]
    loglik = 0.0
    for o in observed[1:]:
        alpha = (alpha @ t) * e[:, o]
        c = alpha.sum()
        loglik += np.log(c)
        alpha /= c
    return loglik


@CASES(rng.normal(size=(4, 3)))
def viterbi_soft(scores):
    best = scores[0]
    for row in scores[1:]:
        best = row + np.array([np.log(np.sum(np.exp(best - 0.3 * abs(j - np.arange(3))))) for j in range(3)])
    return np.max(best)


@CASES(rng.normal(size=5), rng.normal(size=4))
def soft_dtw(a, b):
    n, m = len(a), len(b)
    d = np.full((n + 1, m + 1), 1e3)
    d[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            x, y, z = d[i - 1, j], d[i, j - 1], d[i - 1, j - 1]
            low = min(x, y, z)
            soft = low - math.log(math.exp(low - x) + math.exp(low - y) + math.exp(low - z))
            d[i, j] = (a[i - 1] - b[j - 1]) ** 2 + soft
    return d[n, m]


@CASES(rng.uniform(0.5, 2.0, size=(4, 5)))
def cheapest_path(cost):
    best = cost.copy()
    n, m = cost.shape
    for i in range(n):
        for j in range(m):
            if i == 0 and j == 0:
                continue
            if i == 0:
                best[i, j] += best[i, j - 1]
            elif j == 0:
                best[i, j] += best[i - 1, j]
            else:
                best[i, j] += min(best[i - 1, j], best[i, j - 1])
    return best[-1, -1]


@CASES(np.array([3.0, 1.5, 2.5, 4.0]), [2, 1, 3, 2], 5)
def knapsack(values, weights, capacity):
    best = np.zeros(capacity + 1)
    for v, w in zip(values, weights):
        for c in range(capacity, w - 1, -1):
            best[c] = max(best[c], best[c - w] + v)
    return best[capacity]


@CASES(rng.normal(size=(7, 2)), rng.normal(size=(3, 2)))
def kmeans_step(points, centres):
    new = np.zeros_like(centres)
    counts = np.zeros(3)
    for p in points:
        nearest, smallest = 0, np.inf
        for k in range(3):
            d = np.sum((p - centres[k]) ** 2)
            if d < smallest:
                nearest, smallest = k, d
        new[nearest] += p
        counts[nearest] += 1
    for k in range(3):
        if counts[k] > 0:
            new[k] /= counts[k]
        else:
            new[k] = centres[k]
    return np.sum(new**2 * np.arange(1.0, 4.0)[:, None])


@CASES(rng.normal(size=(6, 2)), rng.normal(size=(3, 2)))
def soft_kmeans(points, centres):
    d = ((points[:, None, :] - centres[None]) ** 2).sum(-1)
    w = np.exp(-d)
    w /= w.sum(axis=1, keepdims=True)
    return (w.T @ points) / w.sum(axis=0)[:, None]


@dataclasses.dataclass(frozen=True)
class Cell:
    w: Any
    u: Any
    b: Any

    def gate(self, x, h):
        return 1.0 / (1.0 + np.exp(-(self.w @ x + self.u @ h + self.b)))

    def candidate(self, x, h):
        return np.tanh(self.w @ x + self.u @ h + self.b)


def _cell(seed):
    r = np.random.default_rng(seed)
    return Cell(r.normal(size=(3, 2)), r.normal(size=(3, 3)), r.normal(size=3))


@CASES(_cell(0), _cell(1), _cell(2), rng.normal(size=(5, 2)))
def gru(update, reset, new, xs):
    h = np.zeros(3)
    for x in xs:
        z = update.gate(x, h)
        r = reset.gate(x, h)
        c = new.candidate(x, r * h)
        h = (1 - z) * h + z * c
    return h


@CASES({"w": rng.normal(size=(12, 5)) * 0.3, "b": np.zeros(12)}, rng.normal(size=(4, 2)))
def lstm(params, xs):
    h, c = np.zeros(3), np.zeros(3)
    outs = []
    for t in range(xs.shape[0]):
        gates = params["w"] @ np.concatenate([xs[t], h]) + params["b"]
        i, f, g, o = np.split(gates, 4)
        c = 1 / (1 + np.exp(-f)) * c + 1 / (1 + np.exp(-i)) * np.tanh(g)
        h = 1 / (1 + np.exp(-o)) * np.tanh(c)
        outs.append(h)
    return np.stack(outs)[-2:].sum(axis=1)


@CASES([rng.normal(size=(4, 3)), rng.normal(size=(4, 4)), rng.normal(size=(2, 4))], rng.normal(size=3), "tanh")
def mlp_with_options(weights, x, activation):
    act = {"tanh": np.tanh, "relu": lambda v: np.maximum(v, 0.0)}[activation]
    *hidden, last = weights
    for w in hidden:
        x = act(w @ x)
    return last @ x


@CASES(rng.normal(size=(6, 6)), rng.normal(size=(3, 3)), 1)
def conv2d_loops(image, kernel, stride):
    n, k = image.shape[0], kernel.shape[0]
    size = (n - k) // stride + 1
    out = np.zeros((size, size))
    for i in range(size):
        for j in range(size):
            out[i, j] = np.sum(image[i * stride : i * stride + k, j * stride : j * stride + k] * kernel)
    return np.maximum(out, 0.0).mean()


@CASES(rng.normal(size=(4, 6)))
def max_pool(x):
    out = np.empty((2, 3))
    for i in range(2):
        for j in range(3):
            best = -np.inf
            for di in range(2):
                for dj in range(2):
                    best = max(best, x[2 * i + di, 2 * j + dj])
            out[i, j] = best
    return out


@CASES(rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), rng.normal(size=(4, 2)))
def attention(q, k, v):
    out = np.zeros((4, 2))
    for i in range(4):
        scores = k[: i + 1] @ q[i] / np.sqrt(3.0)
        e = np.exp(scores - np.max(scores))
        out[i] = (e / e.sum()) @ v[: i + 1]
    return out


@CASES(rng.normal(size=(5, 3)))
def batch_norm(x):
    mean = x.mean(axis=0)
    var = ((x - mean) ** 2).mean(axis=0)
    y = (x - mean) / np.sqrt(var + 1e-5)
    return y[::2] * np.arange(3.0)


@CASES(rng.normal(size=(5, 3)) * 2.0, tol=1e-6)
def n_body(positions):
    n = len(positions)
    force = np.zeros_like(positions)
    energy = 0.0
    for i in range(n):
        for j in range(i + 1, n):
            d = positions[i] - positions[j]
            r2 = d @ d + 0.1
            energy -= 1.0 / math.sqrt(r2)
            f = d / r2**1.5
            force[i] -= f
            force[j] += f
    return energy + 0.1 * np.sum(force**2)


@CASES(rng.uniform(0.0, 3.0, size=6), rng.normal(size=6) * 0.3)
def particles_in_a_box(x, v):
    x = x.copy()
    v = v.copy()
    for _ in range(12):
        x += 0.5 * v
        for i in range(len(x)):
            if x[i] < 0.0:
                x[i] = -x[i]
                v[i] *= -1
            elif x[i] > 3.0:
                x[i] = 6.0 - x[i]
                v[i] *= -1
    return x * np.arange(6.0)


@CASES(np.array([0.1, 0.2, 1.0]), 0.8)
def ray_march_sphere(direction, radius):
    d = direction / np.sqrt(direction @ direction)
    origin = np.array([0.0, 0.0, -3.0])
    t = 0.0
    for _ in range(60):
        p = origin + t * d
        distance = np.sqrt(p @ p) - radius
        if distance < 1e-13:
            break
        if t > 10.0:
            return -1.0
        t += distance
    return t


@CASES(np.array([0.3, 0.4, 0.5]), tol=1e-6)
def shade(normal):
    n = normal / np.linalg.norm(normal)
    lights = [(np.array([1.0, 0.0, 0.0]), 0.5), (np.array([0.0, 1.0, 1.0]), 0.8)]
    total = 0.1
    for direction, power in lights:
        cosine = n @ direction
        if cosine <= 0:
            continue
        total += power * cosine**4
    return total


@CASES(rng.normal(size=4))
def sorting_network(x):
    a, b, c, d = x
    if a > b:
        a, b = b, a
    if c > d:
        c, d = d, c
    if a > c:
        a, c = c, a
    if b > d:
        b, d = d, b
    if b > c:
        b, c = c, b
    return a * 1.0 + b * 2.0 + c * 3.0 + d * 4.0


@CASES(rng.normal(size=6))
def bubble_sort(x):
    x = x.copy()
    n = len(x)
    for i in range(n):
        swapped = False
        for j in range(n - 1 - i):
            if x[j] > x[j + 1]:
                x[j], x[j + 1] = x[j + 1], x[j]
                swapped = True
        if not swapped:
            break
    return x * np.arange(6.0) ** 2


@CASES(rng.normal(size=6))
def insertion_sort_while(x):
    x = x.copy()
    for i in range(1, len(x)):
        v = x[i]
        j = i - 1
        while j >= 0 and x[j] > v:
            x[j + 1] = x[j]
            j -= 1
        x[j + 1] = v
    return np.sum(x * np.arange(6))


def _quickselect(x, k):
    pivot = x[0]
    below = np.sum(x < pivot)
    return pivot if k == below else np.sort(x)[k]


@CASES(rng.normal(size=5), 2)
def median_like(x, k):
    return _quickselect(x, k) ** 2


@CASES(rng.uniform(0.1, 1.0, size=5))
def running_best(x):
    best = None
    where = -1
    for i, v in enumerate(x):
        if best is None or v > best:
            best = v
            where = i
    return best**2 * (where + 1)


@CASES(rng.uniform(0.1, 1.0, size=6))
def early_exits(x):
    total = 0.0
    for i in range(len(x)):
        if x[i] > 0.95:
            return total * 2.0
        for j in range(i):
            if x[j] * x[i] > 0.8:
                return total + x[j]
            if x[j] < 0.2:
                continue
            total += x[i] * x[j]
        else:
            total += 0.1 * x[i]
    return total


@dataclasses.dataclass
class Account:
    balance: Any
    rate: float
    history: Any = None

    def step(self):
        self.balance = self.balance * (1 + self.rate)
        return self.balance

    @property
    def doubled(self):
        return 2 * self.balance


@CASES(100.0, 0.03)
def compound(amount, rate):
    account = Account(amount, rate)
    for _ in range(5):
        if account.step() > 110.0:
            account.rate = account.rate * 0.5
    return account.doubled


class Pendulum:
    """A plain class, whose parameters are captured."""

    def __init__(self, length: float):
        self.length = length
        self.gains = np.array([1.0, 0.5])

    def force(self, angle):
        return -9.81 / self.length * np.sin(angle) - self.gains[1] * angle


PENDULUM = Pendulum(2.0)


@CASES(0.5)
def pendulum(angle):
    speed = 0.0
    for _ in range(10):
        speed += 0.05 * PENDULUM.force(angle)
        angle += 0.05 * speed
    return angle


@CASES(rng.normal(size=4))
def nested_writers(x):
    work = np.zeros(4)

    def put(i, v):
        work[i] = v

    def add(i, v):
        work[i] += v

    for i in range(4):
        put(i, x[i] ** 2)
        add((i + 1) % 4, x[i])
    return work * x


@CASES(rng.normal(size=4), rng.normal(size=4))
def double_buffer(a, b):
    src, dst = a.copy(), b.copy()
    for _ in range(3):
        for i in range(1, 3):
            dst[i] = 0.5 * (src[i - 1] + src[i + 1]) + 0.1 * dst[i]
        src, dst = dst, src
    return src + 2 * dst


def _scaled(f, factor=1.0):
    @functools.wraps(f)
    def inner(*args, **kwargs):
        return factor * f(*args, **kwargs)

    return inner


@functools.partial(_scaled, factor=3.0)
def _energy(x, *, power=2):
    return np.sum(x**power)


@CASES(rng.uniform(0.5, 1.0, size=3))
def decorated(x):
    return _energy(x) + _energy(x, power=3)


@CASES(rng.uniform(0.2, 0.9, size=4))
def functions_as_values(x):
    pipeline = [np.sin, lambda v: v * v, functools.partial(np.power, 2.0), math.exp]
    total = 0.0
    for v in x:
        for f in pipeline:
            v = f(v) * 0.5
        total += v
    return total


@CASES(rng.normal(size=(3, 3)))
def game_of_neighbours(grid):
    rows, cols = grid.shape
    out = np.zeros_like(grid)
    for r in range(rows):
        for c in range(cols):
            count = 0
            for dr in (-1, 0, 1):
                for dc in (-1, 0, 1):
                    if dr == 0 and dc == 0:
                        continue
                    rr, cc = r + dr, c + dc
                    if 0 <= rr < rows and 0 <= cc < cols:
                        out[r, c] += grid[rr, cc] ** 2
                        count += 1
            out[r, c] /= count
    return out


@CASES(rng.uniform(0.5, 1.5, size=4))
def match_statement(x):
    total = 0.0
    for i in range(4):
        match i % 3:
            case 0:
                total += x[i]
            case 1:
                total *= x[i]
            case _:
                total -= x[i] ** 2
    return total


@CASES(rng.normal(size=5))
def walrus_loop(x):
    i = 0
    total = 0.0
    while i < 5 and (v := x[i]) < 10.0:
        total += v * v
        i += 1
    return total


@CASES(rng.uniform(0.1, 0.9, size=5))
def graph_pagerank(weights):
    edges = [(0, 1), (1, 2), (2, 0), (2, 1), (0, 2)]
    out = np.zeros(3)
    for (a, _), w in zip(edges, weights):
        out[a] += w
    rank = np.full(3, 1 / 3)
    for _ in range(6):
        new = np.full(3, 0.05)
        for k, (a, b) in enumerate(edges):
            new[b] += 0.85 * rank[a] * weights[k] / out[a]
        rank = new
    return rank


@CASES(rng.uniform(0.5, 1.5, size=(4, 4)))
def floyd_warshall(d):
    d = d.copy()
    for k in range(4):
        for i in range(4):
            for j in range(4):
                if d[i, k] + d[k, j] < d[i, j]:
                    d[i, j] = d[i, k] + d[k, j]
    return np.sum(d * d)


@CASES(100.0, 0.2, 0.05)
def binomial_option(spot, sigma, rate):
    n = 6
    dt = 1.0 / n
    up = math.exp(sigma * math.sqrt(dt))
    p = (math.exp(rate * dt) - 1 / up) / (up - 1 / up)
    values = [max(100.5 - spot * up ** (2 * k - n), 0.0) for k in range(n + 1)]
    for step in range(n - 1, -1, -1):
        for k in range(step + 1):
            held = math.exp(-rate * dt) * (p * values[k + 1] + (1 - p) * values[k])
            exercised = 100.5 - spot * up ** (2 * k - step)
            values[k] = held if held > exercised else exercised
    return values[0]


@CASES(rng.normal(size=6), rng.normal(size=3))
def iir_filter(x, a):
    y = np.zeros(len(x))
    for n in range(len(x)):
        y[n] = x[n]
        for k in range(1, min(n, 3) + 1):
            y[n] -= 0.3 * a[k - 1] * y[n - k]
    return y


@CASES(rng.normal(size=7))
def moving_median_of_three(x):
    out = np.zeros(len(x) - 2)
    for i in range(len(out)):
        a, b, c = x[i], x[i + 1], x[i + 2]
        out[i] = max(min(a, b), min(max(a, b), c))
    return out


@CASES(rng.uniform(0.2, 1.0, size=4), rng.uniform(0.2, 1.0, size=4))
def sinkhorn(a, b):
    a, b = a / a.sum(), b / b.sum()
    k = np.exp(-np.abs(np.arange(4.0)[:, None] - np.arange(4.0)) / 0.5)
    u = np.ones(4)
    v = np.ones(4)
    for _ in range(8):
        u = a / (k @ v)
        v = b / (k.T @ u)
    plan = u[:, None] * k * v
    return np.sum(plan * np.abs(np.arange(4.0)[:, None] - np.arange(4.0)))


@CASES(rng.normal(size=(2, 3)))
def stop_words(x):
    words = "relu tanh relu".split()
    h = x
    for w in words:
        if w == "relu":
            h = np.where(h > 0, h, 0.1 * h)
        else:
            h = np.tanh(h)
    return h


@CASES(rng.uniform(0.5, 1.0, size=3), None)
def optional_argument(x, scale):
    if scale is None:
        scale = np.sum(x)
    return x * scale


@CASES((rng.normal(size=3), {"a": 0.5, "b": [1.5, 2.5]}))
def nested_containers(state):
    x, options = state
    first, *rest = options["b"]
    total = options["a"] * first
    for r in rest:
        total += r * np.sum(x)
    return total, {"x": x * first}


@CASES(rng.normal(size=(3, 4, 2)), rng.normal(size=2))
def reductions_of_reductions(x, w):
    """Cotangents that are still to be broadcast, through one reduction after another."""
    first = np.sum(np.max(x, axis=1), axis=0) * w
    second = np.prod(np.sum(x * x, axis=2), axis=1).sum()
    third = np.mean(np.min(np.mean(x, axis=0, keepdims=True), axis=1))
    return first, second, third, np.max(np.sum(w[0] * x, axis=0), axis=0)


@CASES(rng.normal(size=(2, 3)).astype(np.float32), 1)
def linspace_of_single(m, n):
    return np.linspace(m[n, n], 1.0, len(m)).sum()


@CASES(rng.normal(size=(3, 3)), 0.3)
def selection_in_a_branch(a, c):
    """The number of selected elements is known in one branch only, and its reverse needs it."""
    s = c * c if c > 1.0 else np.sum(a[a > 0.2] ** 2)
    if s > 0.1:
        chosen = a[a < s]
        if c < 1.0:
            s = s + np.sum(chosen[chosen > -1.0] ** 3) * c
    return s
