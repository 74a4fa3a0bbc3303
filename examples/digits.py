"""Train a small neural network on handwritten digits, with the gradient made by pullback.

The data are the 1,797 real 8x8 digits that scikit-learn brings along. Everything else is plain NumPy:
two hidden layers, softmax cross-entropy, minibatches, Adam. Only one line knows of pullback: the one
that makes `loss_and_gradient` from `loss`.

    python examples/digits.py                     # about ten seconds; prints the held-out accuracy
    python examples/digits.py --epochs 5 --out digits.png
"""

from __future__ import annotations

import argparse
import itertools
import time
from pathlib import Path

import numpy as np

import pullback as pb

Params = dict[str, np.ndarray]

HIDDEN = (128, 64)
BATCH = 64
LEARNING_RATE = 2e-3
WEIGHT_DECAY = 1e-4
HELD_OUT = 0.2


def initial_params(sizes: tuple[int, ...], rng: np.random.Generator) -> Params:
    """He-normal weights and zero biases for layers of the given widths."""
    params = {}
    for k, (fan_in, fan_out) in enumerate(itertools.pairwise(sizes), start=1):
        params[f"w{k}"] = rng.normal(0.0, np.sqrt(2.0 / fan_in), (fan_in, fan_out))
        params[f"b{k}"] = np.zeros(fan_out)
    return params


def log_probabilities(params: Params, images: np.ndarray) -> np.ndarray:
    """Log-probability of each class for each image: (n, 64) -> (n, 10)."""
    h = np.maximum(images @ params["w1"] + params["b1"], 0.0)
    h = np.maximum(h @ params["w2"] + params["b2"], 0.0)
    scores = h @ params["w3"] + params["b3"]
    scores = scores - np.max(scores, axis=1, keepdims=True)
    return scores - np.log(np.sum(np.exp(scores), axis=1, keepdims=True))


def loss(params: Params, images: np.ndarray, labels: np.ndarray) -> float:
    """Mean cross-entropy plus a small weight decay."""
    n = len(labels)
    logp = log_probabilities(params, images)
    cross_entropy = -np.mean(logp[np.arange(n), labels])
    decay = np.sum(params["w1"] ** 2) + np.sum(params["w2"] ** 2) + np.sum(params["w3"] ** 2)
    return cross_entropy + 0.5 * WEIGHT_DECAY * decay


loss_and_gradient = pb.value_and_grad(loss)


class Adam:
    """Adam (Kingma and Ba, 2015), updating the parameters in place."""

    def __init__(self, params: Params, learning_rate: float, beta1: float = 0.9, beta2: float = 0.999):
        self.learning_rate, self.beta1, self.beta2 = learning_rate, beta1, beta2
        self.first = {name: np.zeros_like(p) for name, p in params.items()}
        self.second = {name: np.zeros_like(p) for name, p in params.items()}
        self.step = 0

    def update(self, params: Params, gradient: Params) -> None:
        self.step += 1
        rate = self.learning_rate * np.sqrt(1.0 - self.beta2**self.step) / (1.0 - self.beta1**self.step)
        for name, g in gradient.items():
            m, v = self.first[name], self.second[name]
            m += (1.0 - self.beta1) * (g - m)
            v += (1.0 - self.beta2) * (g * g - v)
            params[name] -= rate * m / (np.sqrt(v) + 1e-8)


def accuracy(params: Params, images: np.ndarray, labels: np.ndarray) -> float:
    """Share of the images whose most probable class is the right one."""
    return float(np.mean(np.argmax(log_probabilities(params, images), axis=1) == labels))


def split_digits(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Train images, train labels, held-out images, held-out labels; pixels in [0, 1]."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    order = rng.permutation(len(digits.target))
    images, labels = digits.data[order] / 16.0, digits.target[order]
    n_test = int(HELD_OUT * len(labels))
    return images[n_test:], labels[n_test:], images[:n_test], labels[:n_test]


def plot(history: list[tuple[float, float, float]], out: Path) -> None:
    """Loss on the left, accuracy on the right, one point an epoch."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    losses, train, test = zip(*history)
    epochs = np.arange(1, len(history) + 1)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    left.semilogy(epochs, losses)
    left.set(xlabel="epoch", ylabel="training loss", title="cross-entropy + weight decay")
    right.plot(epochs, train, label="training")
    right.plot(epochs, test, label="held out")
    right.set(xlabel="epoch", ylabel="accuracy", ylim=(0.9, 1.002), title=f"held out: {test[-1]:.2%}")
    right.legend(loc="lower right")
    figure.savefig(out, dpi=120)


def train(epochs: int, seed: int = 0, progress: bool = True) -> tuple[Params, list[tuple[float, float, float]]]:
    """Train; gives the parameters and (loss, training accuracy, held-out accuracy) of every epoch."""
    from tqdm import tqdm

    rng = np.random.default_rng(seed)
    x_train, y_train, x_test, y_test = split_digits(rng)
    params = initial_params((x_train.shape[1], *HIDDEN, 10), rng)
    optimizer = Adam(params, LEARNING_RATE)
    history = []
    bar = tqdm(range(epochs), desc="training", unit="epoch", disable=not progress)
    for epoch in bar:
        optimizer.learning_rate = LEARNING_RATE * (1.0 - epoch / epochs)  # linear decay
        order = rng.permutation(len(y_train))
        total, batches = 0.0, len(y_train) // BATCH
        for batch in order[: batches * BATCH].reshape(batches, BATCH):
            value, gradient = loss_and_gradient(params, x_train[batch], y_train[batch])
            optimizer.update(params, gradient)
            total += value
        history.append((total / batches, accuracy(params, x_train, y_train), accuracy(params, x_test, y_test)))
        bar.set_postfix(loss=f"{history[-1][0]:.4f}", held_out=f"{history[-1][2]:.2%}")
    return params, history


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=40)
    parser.add_argument("--out", type=Path, default=Path("digits.png"), help="where the plot goes")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.epochs < 1:
        parser.error("--epochs must be at least 1")

    start = time.perf_counter()
    _, history = train(options.epochs, options.seed)
    plot(history, options.out)
    print(
        f"held-out accuracy: {history[-1][2]:.2%} after {options.epochs} epochs, "
        f"{time.perf_counter() - start:.1f} s; plot: {options.out}"
    )


if __name__ == "__main__":
    main()
