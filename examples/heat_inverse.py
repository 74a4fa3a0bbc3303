"""Find out how a plate was heated, from how warm it is much later.

Heat spreads over a square plate; the simulation is an ordinary time loop that updates the temperature
in place. We see the plate only at the end, with a little measurement noise, and look for the initial
temperature by gradient descent: pullback runs the time loop backwards.

    python examples/heat_inverse.py               # prints the errors, saves heat_inverse.png
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

import pullback as pb

DIFFUSION = 0.2  # dt * conductivity / dx**2; the scheme is stable up to 0.25


def simulate(u: np.ndarray, steps: int) -> np.ndarray:
    """Let the temperature `u` spread for `steps` time steps, in place; the rim is cooled to 0."""
    u[0, :] = u[-1, :] = 0.0
    u[:, 0] = u[:, -1] = 0.0
    for _ in range(steps):
        u[1:-1, 1:-1] += DIFFUSION * (u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4.0 * u[1:-1, 1:-1])
    return u


def misfit(u: np.ndarray, seen: np.ndarray, steps: int, smoothness: float) -> float:
    """Half the squared distance from what was seen, plus a penalty on rough initial temperatures."""
    rough = np.sum((u[1:, :] - u[:-1, :]) ** 2) + np.sum((u[:, 1:] - u[:, :-1]) ** 2)
    end = simulate(u, steps)
    return 0.5 * np.sum((end - seen) ** 2) + 0.5 * smoothness * rough


misfit_and_gradient = pb.value_and_grad(misfit)


def true_temperature(n: int) -> np.ndarray:
    """A warm disc and a hot square."""
    y, x = np.mgrid[0:n, 0:n] / (n - 1)
    u = 0.6 * np.exp(-((x - 0.3) ** 2 + (y - 0.35) ** 2) / 0.012)
    u[(abs(x - 0.68) < 0.12) & (abs(y - 0.65) < 0.12)] = 1.0
    return u


def recover(
    seen: np.ndarray, steps: int, iterations: int, smoothness: float, progress: bool = True
) -> tuple[np.ndarray, list[float]]:
    """Accelerated projected gradient descent (FISTA: Beck and Teboulle, 2009); temperatures are >= 0.

    The time loop never amplifies, so the misfit's curvature is at most 1 + 8 * smoothness, and its inverse is
    a step that always descends.
    """
    from tqdm import tqdm

    rate = 1.0 / (1.0 + 8.0 * smoothness)
    u = seen.copy()
    ahead, momentum = u, 1.0
    values = []
    for _ in tqdm(range(iterations), desc="recovering", unit="step", disable=not progress):
        value, gradient = misfit_and_gradient(ahead, seen, steps, smoothness)
        values.append(float(value))
        u_next = np.maximum(ahead - rate * gradient, 0.0)
        momentum_next = 0.5 * (1.0 + np.sqrt(1.0 + 4.0 * momentum**2))
        ahead = u_next + (momentum - 1.0) / momentum_next * (u_next - u)
        u, momentum = u_next, momentum_next
    return u, values


def relative_error(u: np.ndarray, truth: np.ndarray) -> float:
    return float(np.linalg.norm(u - truth) / np.linalg.norm(truth))


def plot(truth: np.ndarray, seen: np.ndarray, found: np.ndarray, values: list[float], out: Path) -> None:
    """The true, the seen and the recovered temperature side by side, and how the misfit fell."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 4, figsize=(15, 3.6), layout="constrained")
    pictures = (
        ("true initial temperature", truth),
        (f"before: what is seen (error {relative_error(seen, truth):.0%})", seen),
        (f"after: recovered (error {relative_error(found, truth):.0%})", found),
    )
    for axis, (title, field) in zip(axes, pictures):
        image = axis.imshow(field, vmin=0.0, vmax=1.0, cmap="inferno", origin="lower")
        axis.set(title=title, xticks=[], yticks=[])
    figure.colorbar(image, ax=axes[:3], shrink=0.85)
    axes[3].semilogy(values)
    axes[3].set(xlabel="gradient step", title="misfit")
    figure.savefig(out, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=64, help="grid points on a side")
    parser.add_argument("--steps", type=int, default=100, help="time steps of the simulation")
    parser.add_argument("--iterations", type=int, default=300, help="steps of gradient descent")
    parser.add_argument("--noise", type=float, default=1e-3, help="standard deviation of the measurement")
    parser.add_argument("--out", type=Path, default=Path("heat_inverse.png"), help="where the picture goes")
    options = parser.parse_args()
    if options.size < 8 or options.steps < 1 or options.iterations < 1:
        parser.error("--size must be at least 8, --steps and --iterations at least 1")

    truth = true_temperature(options.size)
    noise = options.noise * np.random.default_rng(0).standard_normal(truth.shape)
    seen = simulate(truth.copy(), options.steps) + noise
    start = time.perf_counter()
    found, values = recover(seen, options.steps, options.iterations, smoothness=1e-4)
    seconds = time.perf_counter() - start

    plot(truth, seen, found, values, options.out)
    print(f"misfit:                {values[0]:.3e} -> {values[-1]:.3e}")
    print(
        f"error of the estimate: {relative_error(seen, truth):.1%} -> {relative_error(found, truth):.1%} "
        f"({options.iterations} gradients of {options.steps} time steps, {seconds:.1f} s)"
    )
    print(f"picture:               {options.out}")


if __name__ == "__main__":
    main()
