"""The loss of examples/digits.py: two hidden layers, softmax cross-entropy with labels, weight decay."""

import numpy as np

from ..lazy import anp, jnp, torch

SIZES = {
    "tiny": {"n": 5, "inputs": 6, "hidden": 4, "classes": 3},
    "S": {"n": 64, "inputs": 64, "hidden": 128, "classes": 10},
    "M": {"n": 256, "inputs": 784, "hidden": 512, "classes": 10},
}
WRT = (0,)


def make(n, inputs, hidden, classes):
    rng = np.random.default_rng(0)
    sizes = (inputs, hidden, hidden, classes)
    params = {}
    for k in range(3):
        params[f"w{k + 1}"] = rng.normal(0.0, np.sqrt(2.0 / sizes[k]), (sizes[k], sizes[k + 1]))
        params[f"b{k + 1}"] = rng.normal(0.0, 0.1, sizes[k + 1])
    return params, rng.random((n, inputs)), rng.integers(0, classes, n)


def f(params, images, labels):
    n = len(labels)
    h = np.maximum(images @ params["w1"] + params["b1"], 0.0)
    h = np.maximum(h @ params["w2"] + params["b2"], 0.0)
    scores = h @ params["w3"] + params["b3"]
    scores = scores - np.max(scores, axis=1, keepdims=True)
    logp = scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))
    decay = np.sum(params["w1"] ** 2) + np.sum(params["w2"] ** 2) + np.sum(params["w3"] ** 2)
    return -np.mean(logp[np.arange(n), labels]) + 0.5e-4 * decay


def jax_literal(params, images, labels):
    n = len(labels)
    h = jnp.maximum(images @ params["w1"] + params["b1"], 0.0)
    h = jnp.maximum(h @ params["w2"] + params["b2"], 0.0)
    scores = h @ params["w3"] + params["b3"]
    scores = scores - jnp.max(scores, axis=1, keepdims=True)
    logp = scores - jnp.log(jnp.sum(jnp.exp(scores), axis=1, keepdims=True))
    decay = jnp.sum(params["w1"] ** 2) + jnp.sum(params["w2"] ** 2) + jnp.sum(params["w3"] ** 2)
    return -jnp.mean(logp[jnp.arange(n), labels]) + 0.5e-4 * decay


def torch_fn(params, images, labels):
    h = torch.relu(torch.addmm(params["b1"], images, params["w1"]))
    h = torch.relu(torch.addmm(params["b2"], h, params["w2"]))
    scores = torch.addmm(params["b3"], h, params["w3"])
    decay = sum(torch.sum(params[k] ** 2) for k in ("w1", "w2", "w3"))
    return torch.nn.functional.cross_entropy(scores, labels) + 0.5e-4 * decay


def autograd_fn(params, images, labels):
    n = len(labels)
    h = anp.maximum(anp.dot(images, params["w1"]) + params["b1"], 0.0)
    h = anp.maximum(anp.dot(h, params["w2"]) + params["b2"], 0.0)
    scores = anp.dot(h, params["w3"]) + params["b3"]
    scores = scores - anp.max(scores, axis=1, keepdims=True)
    logp = scores - anp.log(anp.sum(anp.exp(scores), axis=1, keepdims=True))
    decay = anp.sum(params["w1"] ** 2) + anp.sum(params["w2"] ** 2) + anp.sum(params["w3"] ** 2)
    return -anp.mean(logp[anp.arange(n), labels]) + 0.5e-4 * decay


def adjoint(params, images, labels):
    """By hand, NumPy and BLAS: activations overwritten by their adjoints in place."""
    n = len(labels)
    rows = np.arange(n)
    w1, w2, w3 = params["w1"], params["w2"], params["w3"]
    h1 = images @ w1
    h1 += params["b1"]
    np.maximum(h1, 0.0, out=h1)
    h2 = h1 @ w2
    h2 += params["b2"]
    np.maximum(h2, 0.0, out=h2)
    p = h2 @ w3
    p += params["b3"]
    p -= np.max(p, axis=1, keepdims=True)
    picked = p[rows, labels]
    np.exp(p, out=p)
    total = np.sum(p, axis=1, keepdims=True)
    value = np.mean(np.log(total[:, 0]) - picked)
    value += 0.5e-4 * (np.vdot(w1, w1) + np.vdot(w2, w2) + np.vdot(w3, w3))
    p /= n * total
    p[rows, labels] -= 1.0 / n
    g = {"w3": h2.T @ p, "b3": p.sum(axis=0)}
    h2_adj = p @ w3.T
    h2_adj *= h2 > 0.0
    g["w2"], g["b2"] = h1.T @ h2_adj, h2_adj.sum(axis=0)
    h1_adj = h2_adj @ w2.T
    h1_adj *= h1 > 0.0
    g["w1"], g["b1"] = images.T @ h1_adj, h1_adj.sum(axis=0)
    for name in ("w1", "w2", "w3"):
        g[name] += 1e-4 * params[name]
    return value, (g,)
