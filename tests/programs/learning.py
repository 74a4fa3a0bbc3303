"""Networks, losses and their parts."""

import math
import numpy as np
from dataclasses import dataclass
from typing import NamedTuple, Any
from tests.suites.support import Cases

CASES = Cases()
rng = np.random.default_rng(4)


def relu(x):
    return np.maximum(0, x)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


ACT = {"relu": relu, "tanh": np.tanh, "sigmoid": sigmoid, "gelu": gelu, "linear": lambda x: x}


def init(sizes):
    return [(rng.normal(size=(a, b)), rng.normal(size=b)) for a, b in zip(sizes[:-1], sizes[1:])]


@CASES(init([3, 4, 4, 2]), rng.normal(size=(5, 3)), rng.normal(size=(5, 2)), ["tanh", "gelu", "linear"])
def mlp_list_params(params, X, Y, acts):
    h = X
    for (W, b), act in zip(params, acts):
        h = ACT[act](h @ W + b)
    return np.mean((h - Y) ** 2) + 1e-3 * sum(np.sum(W**2) for W, _ in params)


@CASES(
    {
        "layer1": {"W": rng.normal(size=(3, 4)), "b": np.zeros(4)},
        "layer2": {"W": rng.normal(size=(4, 3)), "b": np.zeros(3)},
    },
    rng.normal(size=(6, 3)),
    rng.integers(0, 3, size=6),
)
def mlp_dict_ce(params, X, labels):
    h = X
    for name, layer in params.items():
        h = h @ layer["W"] + layer["b"]
        if name != "layer2":
            h = relu(h)
    p = softmax(h)
    onehot = np.eye(3)[labels]
    return -np.mean(np.sum(onehot * np.log(p + 1e-12), axis=1))


@CASES(rng.normal(size=(2, 6, 6)), rng.normal(size=(3, 2, 3, 3)), rng.normal(size=3))
def conv_loops(x, w, b, stride=1, pad=1):
    C, H, W = x.shape
    F, _, kh, kw = w.shape
    xp = np.pad(x, ((0, 0), (pad, pad), (pad, pad)))
    oh = (H + 2 * pad - kh) // stride + 1
    ow = (W + 2 * pad - kw) // stride + 1
    out = np.zeros((F, oh, ow))
    for f in range(F):
        for i in range(oh):
            for j in range(ow):
                out[f, i, j] = np.sum(xp[:, i * stride : i * stride + kh, j * stride : j * stride + kw] * w[f]) + b[f]
    return relu(out).mean()


@CASES(rng.normal(size=(7, 7)), rng.normal(size=(3, 3)))
def conv_sliding_window(x, k):
    win = np.lib.stride_tricks.sliding_window_view(x, (3, 3))
    return np.einsum("ijkl,kl->ij", win, k)


@CASES(rng.normal(size=(1, 2, 5, 5)), rng.normal(size=(3, 2, 2, 2)))
def conv_im2col(x, w):
    n, c, h, ww = x.shape
    f, _, kh, kw = w.shape
    oh, ow = h - kh + 1, ww - kw + 1
    col = np.empty((n, c, kh, kw, oh, ow))
    for i in range(kh):
        for j in range(kw):
            col[:, :, i, j] = x[:, :, i : i + oh, j : j + ow]
    col = col.transpose(0, 4, 5, 1, 2, 3).reshape(n * oh * ow, -1)
    return (col @ w.reshape(f, -1).T).reshape(n, oh, ow, f).transpose(0, 3, 1, 2)


@CASES(rng.normal(size=(2, 4, 6)))
def maxpool_reshape(x):
    c, h, w = x.shape
    return x.reshape(c, h // 2, 2, w // 2, 2).max(axis=(2, 4))


@CASES(rng.normal(size=(5, 8)), rng.normal(size=(8, 24)) * 0.3, rng.normal(size=(8, 8)) * 0.3, 2)
def multihead_attention(x, Wqkv, Wo, heads):
    T, D = x.shape
    qkv = x @ Wqkv
    q, k, v = np.split(qkv, 3, axis=-1)
    d = D // heads
    q = q.reshape(T, heads, d).transpose(1, 0, 2)
    k = k.reshape(T, heads, d).transpose(1, 0, 2)
    v = v.reshape(T, heads, d).transpose(1, 0, 2)
    s = q @ k.transpose(0, 2, 1) / np.sqrt(d)
    mask = np.triu(np.full((T, T), -1e9), k=1)
    a = softmax(s + mask)
    o = (a @ v).transpose(1, 0, 2).reshape(T, D)
    return o @ Wo


@CASES(rng.normal(size=(4, 6)), np.ones(6) * 1.1, np.zeros(6) + 0.1)
def layer_norm(x, g, b, eps=1e-5):
    mu = np.mean(x, axis=-1, keepdims=True)
    var = np.var(x, axis=-1, keepdims=True)
    return g * (x - mu) / np.sqrt(var + eps) + b


@CASES(rng.normal(size=(10, 4)), rng.normal(size=(4, 10)), np.array([[1, 2, 3, 1], [0, 5, 5, 9]]))
def embedding_lm(E, W, tokens):
    h = E[tokens]
    h = h.mean(axis=1)
    logits = h @ W
    tgt = tokens[:, -1]
    lse = np.log(np.sum(np.exp(logits), axis=1))
    return np.sum(lse - logits[range(len(tgt)), tgt])


@CASES(rng.normal(size=(6, 3)), rng.normal(size=3), rng.normal(size=3), rng.uniform(0.5, 1, size=3), "train")
@CASES(rng.normal(size=(6, 3)), rng.normal(size=3), rng.normal(size=3), rng.uniform(0.5, 1, size=3), "eval")
def batchnorm_modes(x, gamma, beta, run_var, mode):
    run_mean = np.zeros(3)
    if mode == "train":
        mu, var = x.mean(0), x.var(0)
        run_mean = 0.9 * run_mean + 0.1 * mu
        run_var = 0.9 * run_var + 0.1 * var
    else:
        mu, var = run_mean, run_var
    out = gamma * (x - mu) / np.sqrt(var + 1e-5) + beta
    return out, run_var


@CASES(rng.normal(size=(4, 5)), rng.normal(size=(5, 3)), rng.uniform(size=(4, 5)) < 0.7, 0.7)
def dropout_mask(x, W, mask, keep):
    h = np.where(mask, x / keep, 0.0)
    h2 = x * mask / keep
    return np.sum((h @ W) ** 2) + np.sum(np.sin(h2 @ W))


class GRUParams(NamedTuple):
    Wz: Any
    Uz: Any
    Wr: Any
    Ur: Any
    Wh: Any
    Uh: Any


@CASES(GRUParams(*[rng.normal(size=(3, 3)) * 0.5 for _ in range(6)]), rng.normal(size=(4, 2, 3)))
def gru_batch(p, xs):
    h = np.zeros((xs.shape[1], 3))
    hs = []
    for x in xs:
        z = sigmoid(x @ p.Wz + h @ p.Uz)
        r = sigmoid(x @ p.Wr + h @ p.Ur)
        hh = np.tanh(x @ p.Wh + (r * h) @ p.Uh)
        h = (1 - z) * h + z * hh
        hs.append(h)
    return np.array(hs)


@CASES(rng.normal(size=(5, 3)), rng.normal(size=(3 + 4, 16)) * 0.3, rng.normal(size=16) * 0.1)
def lstm_slices(xs, W, b):
    H = 4
    h = np.zeros(H)
    c = np.zeros(H)
    out = np.zeros((len(xs), H))
    for t in range(len(xs)):
        z = np.hstack((xs[t], h)) @ W + b
        i = sigmoid(z[:H])
        f = sigmoid(z[H : 2 * H] + 1)
        g = np.tanh(z[2 * H : 3 * H])
        o = sigmoid(z[3 * H :])
        c = f * c + i * g
        h = o * np.tanh(c)
        out[t, :] = h
    return out


@CASES(rng.normal(size=(9, 2)), rng.normal(size=(3, 2)))
def kmeans_full(X, C):
    for it in range(4):
        d = np.linalg.norm(X[:, None] - C[None], axis=2)
        lab = np.argmin(d, axis=1)
        newC = np.zeros_like(C)
        for k in range(C.shape[0]):
            pts = X[lab == k]
            if len(pts) > 0:
                newC[k] = pts.mean(axis=0)
            else:
                newC[k] = C[k]
        C = newC
    return np.sum(np.min(((X[:, None] - C[None]) ** 2).sum(-1), axis=1))


@CASES(rng.normal(size=(6, 2)), rng.normal(size=(4, 2)), rng.normal(size=4))
def knn_regress(Xq, X, y):
    d2 = ((Xq[:, None, :] - X[None, :, :]) ** 2).sum(axis=-1)
    nn = np.argsort(d2, axis=1)[:, :2]
    w = 1 / (np.take_along_axis(d2, nn, axis=1) + 1e-3)
    return (w * y[nn]).sum(1) / w.sum(1)


@CASES(rng.normal(size=(6, 2)), np.array([1, -1, 1, 1, -1, -1]), rng.normal(size=2), 0.1)
def svm_hinge(X, y, w, b):
    margins = np.maximum(0, 1 - y * (X @ w + b))
    margins[margins < 0.05] = 0
    return 0.5 * w @ w + margins.sum()


@CASES(rng.normal(size=(4, 3)), rng.normal(size=(4, 3)), 0.5)
def contrastive_infonce(a, b, tau):
    a = a / np.linalg.norm(a, axis=1, keepdims=True)
    b = b / np.linalg.norm(b, axis=1, keepdims=True)
    s = a @ b.T / tau
    l = np.arange(len(a))
    lse = np.log(np.exp(s).sum(1))
    return np.mean(lse - s[l, l]) + np.mean(np.log(np.exp(s).sum(0)) - np.diag(s))


@CASES(
    rng.normal(size=(3, 4)),
    rng.normal(size=(4, 2)),
    rng.normal(size=(4, 2)),
    rng.normal(size=(2, 4)),
    rng.normal(size=(3, 2)),
)
def vae_elbo(x, Wm, Ws, Wd, eps):
    mu = x @ Wm
    logvar = x @ Ws
    z = mu + np.exp(0.5 * logvar) * eps
    xr = np.tanh(z @ Wd)
    rec = ((x - xr) ** 2).sum()
    kl = -0.5 * np.sum(1 + logvar - np.square(mu) - np.exp(logvar))
    return rec + kl


@CASES(rng.normal(size=(2, 3)), rng.normal(size=3), rng.normal(size=(5, 2)))
def realnvp_flow(W, b, x):
    x1, x2 = x[:, :1], x[:, 1:]
    h = np.tanh(np.concatenate([x1, x1**2], axis=1) @ W + b)
    s, t = h[:, :1], h[:, 1:2]
    y2 = x2 * np.exp(s) + t
    y = np.concatenate([x1, y2], axis=-1)
    return np.mean(-0.5 * np.sum(y**2, axis=1) + s.sum(axis=1))


@CASES(
    rng.normal(size=(4, 4)),
    rng.normal(size=(4, 3)),
    rng.normal(size=(3, 2)),
    np.array([[0, 1], [1, 2], [2, 3], [3, 0], [1, 3]]),
)
def gcn_edges(A_, X, W, edges):
    n = X.shape[0]
    A = np.eye(n)
    for i, j in edges:
        A[i, j] = A[j, i] = 1.0
    A = A + 0.01 * A_
    deg = A.sum(1)
    Ah = A / np.sqrt(deg[:, None] * deg[None, :])
    msg = np.zeros((n, W.shape[1]))
    np.add.at(msg, edges[:, 1], (X @ W)[edges[:, 0]])
    return np.tanh(Ah @ X @ W) + msg


@CASES(rng.normal(size=(3, 3)), rng.normal(size=3), rng.uniform(size=5), np.array([0, 1, 2, 1, 0]))
def policy_gradient(W, s0, rewards, actions):
    s = s0
    logps = []
    for a in actions:
        p = softmax(W @ s)
        logps.append(np.log(p[a]))
        s = np.tanh(W[:, a] + 0.5 * s)
    G = np.zeros_like(rewards)
    run = 0.0
    for t in reversed(range(len(rewards))):
        run = rewards[t] + 0.9 * run
        G[t] = run
    return -sum(l * g for l, g in zip(logps, G))


@CASES(rng.normal(size=(6, 2)), rng.normal(size=6))
def decision_stump_soft(X, y):
    w = X[:, 0]
    order = np.argsort(w)
    ys = y[order]
    n = len(y)
    best_loss = np.inf
    for i in range(1, n):
        l, r = ys[:i], ys[i:]
        loss = l.var() * len(l) + r.var() * len(r)
        if loss < best_loss:
            best_loss = loss
    return best_loss + 0.1 * np.sum(w**2)


@dataclass
class TransformerBlock:
    wq: Any
    wk: Any
    wv: Any
    w1: Any
    w2: Any

    def __call__(self, x):
        return self.mlp(self.norm(self.attn(x)))

    @staticmethod
    def norm(x):
        return (x - x.mean(-1, keepdims=True)) / (x.std(-1, keepdims=True) + 1e-5)

    def attn(self, x):
        q, k, v = x @ self.wq, x @ self.wk, x @ self.wv
        return x + softmax(q @ k.T / math.sqrt(k.shape[-1])) @ v

    def mlp(self, x):
        return x + gelu(x @ self.w1) @ self.w2


@CASES(
    TransformerBlock(*(rng.normal(size=s) * 0.4 for s in [(4, 4), (4, 4), (4, 4), (4, 8), (8, 4)])),
    rng.normal(size=(3, 4)),
)
def transformer_obj(block, x):
    return block(x)


@CASES(rng.normal(size=(5, 4)).astype(np.float32), rng.normal(size=(4, 3)).astype(np.float32), eps=1e-1, tol=3e-2)
def mlp_float32(x, w):
    h = np.tanh(x @ w)
    return (h**2).mean()


@CASES(rng.normal(size=(3, 4)), rng.normal(size=(4,)), np.array([True, False, True]))
def masked_mean_pool(h, w, mask):
    m = mask.astype(float)
    s = (h * m[:, None]).sum(0) / np.maximum(m.sum(), 1)
    hm = h[mask]
    return s @ w + hm.sum() + np.mean(h, axis=0, where=mask[:, None]).sum()


@CASES(rng.normal(size=(2, 3, 4)), rng.normal(size=(4, 5)))
def einsum_variety(x, w):
    a = np.einsum("bij,jk->bik", x, w)
    b = np.einsum("bij,bkj->bik", x, x)
    c = np.einsum("bii->bi", b)
    d = np.einsum("...j,j->...", x, w[:, 0])
    e = np.einsum("bij->j", x)
    return a.sum(axis=(0, 1)), c, d, e


@CASES(rng.normal(size=(8,)), 3)
def moving_topk(x, k):
    idx = np.argpartition(x, -k)[-k:]
    top = np.partition(x, -k)[-k:]
    return x[idx].sum() ** 2 + np.sort(x)[::-1][:k] @ np.arange(1.0, k + 1) + top.sum()


@CASES(rng.normal(size=(4, 4)), rng.normal(size=(4,)))
def label_smoothing(logits, w):
    n = logits.shape[1]
    y = np.argmax(logits, axis=1)
    t = np.full(logits.shape, 0.1 / n)
    t[np.arange(4), y] += 0.9
    lp = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    return -(t * lp * w[:, None]).sum()


@CASES(rng.normal(size=(3, 5)), rng.uniform(size=(3, 5)))
def gumbel_softmax(logits, u):
    g = -np.log(-np.log(u))
    y = softmax((logits + g) / 0.7)
    hard = np.zeros_like(y)
    hard[np.arange(len(y)), y.argmax(-1)] = 1
    return np.sum(y * hard) + np.prod(y.sum(0))


@CASES(rng.normal(size=(6,)), rng.normal(size=3))
def ctc_like_dp(lp, w):
    T, S = 6, 3
    dp = np.full((T + 1, S + 1), -np.inf)
    dp[0, 0] = 0.0
    for t in range(1, T + 1):
        for s in range(S + 1):
            stay = dp[t - 1, s]
            move = dp[t - 1, s - 1] + w[s - 1] if s > 0 else -np.inf
            dp[t, s] = np.logaddexp(stay, move) + 0.1 * lp[t - 1]
    return dp[T, S]
