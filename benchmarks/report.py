"""Results as Markdown tables.

The first table has a line for each program and size: times of one gradient in milliseconds, and how many times as
long as pullback the better JAX form, and each other peer, takes. The second has first calls and peak memory.
"""

from __future__ import annotations

import math
from typing import Any

TOOLS = ("jax", "torch", "autograd", "hand")


def markdown(results: dict[str, Any]) -> str:
    """The page: machine and protocol, both tables, geometric means, and what failed."""
    rows = results["programs"]
    parts = [
        _head(results),
        _times(rows),
        _means(rows),
        _slower(rows),
        _value_and_grad(rows),
        _fresh(rows),
        _failures(rows),
    ]
    return "\n".join(part for part in parts if part) + "\n"


def _head(results: dict[str, Any]) -> str:
    machine, protocol = results["machine"], results["protocol"]
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items() if version)
    missing = [name for name, version in machine["versions"].items() if not version]
    lines = [
        "# Benchmarks",
        "",
        "Made by `python -m benchmarks`; do not edit.",
        "",
        f"- Machine: {machine['cpu']} ({machine['cpus']} CPUs), {machine['system']}, Python {machine['python']}.",
        f"- Versions: {versions}.",
        f"- Threads: {results['threads']}, pinned to CPUs {results['pinned_to']}. Data: float64.",
        f"- Protocol: sides interleaved, up to {protocol['rounds']} rounds; before each measurement a pause of "
        f"{protocol['pause'] * 1e3:.0f} ms and an untimed call of the same side; medians. Gradients of all "
        "sides are compared with each other before anything is timed.",
        "- `x jax` is the time of the faster of JAX's two forms (`l`: line by line, `e`: as an expert would write "
        "it) over pullback's: above 1 pullback is faster. `primal` is pullback's own compiled function; `jax library` "
        "calls one library routine (LAPACK) instead of the program, and is not in the ratios.",
    ]
    if machine["load"] is not None and machine["load"] > machine["cpus"] / 2:
        lines.append(f"- The machine was busy with other work (load {machine['load']:.1f}): trust ratios, not times.")
    if missing:
        lines.append(f"- Not installed, so not compared: {', '.join(missing)}.")
    return "\n".join([*lines, ""])


def median(row: dict[str, Any], side: str, key: str = "grad") -> float | None:
    """The median seconds of one side, or None."""
    found = row["sides"].get(side, {}).get(key)
    return found["median"] if found else None


def best_jax(row: dict[str, Any], key: str = "grad") -> tuple[float, str] | None:
    """The faster of the JAX forms: seconds and side name."""
    forms = [(t, side) for side in ("jax_literal", "jax_expert") if (t := median(row, side, key)) is not None]
    return min(forms, default=None)


def ratio(row: dict[str, Any], tool: str, key: str = "grad") -> float | None:
    """How many times as long as pullback a tool takes."""
    ours = median(row, "pullback", key)
    if tool == "jax":
        found = best_jax(row, key)
        theirs = found[0] if found else None
    else:
        theirs = median(row, tool, key)
    return theirs / ours if ours and theirs else None


def _ms(seconds: float | None) -> str:
    if seconds is None:
        return ""
    ms = seconds * 1e3
    return f"{ms:.4f}" if ms < 0.1 else f"{ms:.3f}" if ms < 10 else f"{ms:.1f}"


def _x(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _name(row: dict[str, Any]) -> str:
    return f"{row['program']} {row['size']}"


def _table(header: list[str], lines: list[list[str]]) -> str:
    rule = ["---", *["---:"] * (len(header) - 1)]
    return "\n".join("| " + " | ".join(line) + " |" for line in [header, rule, *lines])


def _times(rows: list[dict[str, Any]]) -> str:
    header = ["gradient, ms", "pullback", "/ primal", "jax", "jax library", "torch", "autograd", "by hand"]
    header += ["x jax", "x torch", "x autograd", "x by hand"]
    lines = []
    for row in rows:
        ours, primal, jax = median(row, "pullback"), median(row, "pullback", "primal"), best_jax(row)
        line = [_name(row), _ms(ours), _x(ours / primal if ours and primal else None)]
        line.append(f"{_ms(jax[0])} {jax[1].removeprefix('jax_')[0]}" if jax else "")
        line += [_ms(median(row, tool)) for tool in ("jax_library", *TOOLS[1:])]
        line += [_x(ratio(row, tool)) for tool in TOOLS]
        lines.append(line)
    return _table(header, lines) + "\n"


def _means(rows: list[dict[str, Any]]) -> str:
    """Geometric means of the ratios for each size."""
    lines = []
    for size in dict.fromkeys(row["size"] for row in rows):
        for tool in TOOLS:
            found = [r for row in rows if row["size"] == size and (r := ratio(row, tool))]
            if found:
                mean = math.exp(sum(map(math.log, found)) / len(found))
                slower = sum(r < 1 for r in found)
                worst = f", at worst {1 / min(found):.2f} times" if slower else ""
                lines.append(
                    f"- Size {size}: {tool} takes {mean:.2f} times as long as pullback (geometric mean of "
                    f"{len(found)} programs; pullback is slower on {slower}{worst})."
                )
    return "\n".join([*lines, ""]) if lines else ""


def _slower(rows: list[dict[str, Any]]) -> str:
    """Where pullback is slower than JAX, and why."""
    lines = [
        f"- {_name(row)}: {row.get('slower') or 'as fast within the noise of the machine, or not yet understood'}."
        for row in rows
        if (r := ratio(row, "jax")) is not None and r < 1
    ]
    return "\n".join(["Slower than JAX:", "", *lines, ""]) if lines else ""


def _value_and_grad(rows: list[dict[str, Any]]) -> str:
    header = ["value_and_grad, ms", "pullback", "jax", "torch", "autograd", "by hand", "x jax"]
    lines = []
    for row in rows:
        key = "value_and_grad"
        jax = best_jax(row, key)
        line = [_name(row), _ms(median(row, "pullback", key)), _ms(jax[0]) if jax else ""]
        line += [_ms(median(row, tool, key)) for tool in TOOLS[1:]]
        lines.append([*line, _x(ratio(row, "jax", key))])
    return _table(header, lines) + "\n"


def _fresh(rows: list[dict[str, Any]]) -> str:
    header = ["fresh process", "pullback first call, s", "second process, s", "jax first call, s"]
    header += ["pullback peak, MB", "jax peak, MB", "torch peak, MB", "autograd peak, MB"]
    lines = []
    for row in rows:
        if not any("fresh" in side for side in row["sides"].values()):
            continue
        jax = best_jax(row)
        jax_side = jax[1] if jax else "jax_literal"
        line = [_name(row)]
        for side, field in (("pullback", "first_call"), ("pullback", "second_process"), (jax_side, "first_call")):
            seconds = row["sides"].get(side, {}).get("fresh", {}).get(field)
            line.append("" if seconds is None else f"{seconds:.3f}")
        for side in ("pullback", jax_side, "torch", "autograd"):
            size = row["sides"].get(side, {}).get("fresh", {}).get("peak_bytes")
            line.append("" if size is None else f"{size / 1e6:.1f}")
        lines.append(line)
    if not lines:
        return ""
    note = (
        "First call: tracing, compiling and one run, the tool already imported; second process: the same with what the "
        "first one left in pullback's cache. Peak: rise of the resident set during a gradient, results included; "
        "exact to a few MB. JAX is the form that is faster above.\n"
    )
    return note + "\n" + _table(header, lines) + "\n"


def _failures(rows: list[dict[str, Any]]) -> str:
    lines = []
    for row in rows:
        for side, result in row["sides"].items():
            for key in ("error", "skipped", "primal_error", "value_and_grad_error"):
                if key in result:
                    lines.append(f"- {_name(row)}, {side}: {' '.join(result[key].split())}")
            if "error" in result.get("fresh", {}):
                lines.append(f"- {_name(row)}, {side} in a fresh process: {result['fresh']['error']}")
    return "\n".join(["Not measured:", "", *lines, ""]) if lines else ""
