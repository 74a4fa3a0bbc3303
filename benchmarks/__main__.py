"""The command: ``python -m benchmarks [--only NAME] [--size S] [--json OUT] [--peers jax,torch,autograd]``."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from . import environment


def main() -> int:
    """Run the chosen programs; exit status 1 when any gradient is wrong or missing."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Time gradients against peers.")
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        metavar="NAME",
        help="a program, a suite (npbench), or a shell pattern; may be repeated (default: all)",
    )
    parser.add_argument("--size", action="append", default=[], help="a size; may be repeated (default: S)")
    parser.add_argument("--peers", default="jax,torch,autograd,hand", help="whom to compare with; '' for nobody")
    parser.add_argument("--threads", type=int, default=1, help="CPUs and threads for everybody")
    parser.add_argument("--rounds", type=int, default=9, help="interleaved rounds; medians are reported")
    parser.add_argument("--seconds", type=float, default=10.0, help="time for the rounds of one program")
    parser.add_argument("--no-fresh", action="store_true", help="skip first-call time and peak memory")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write the results as JSON")
    parser.add_argument("--markdown", type=Path, metavar="OUT", help="write the tables, e.g. docs/benchmarks.md")
    parser.add_argument("--from-json", type=Path, metavar="IN", help="only print the tables of earlier results")
    parser.add_argument("--list", action="store_true", help="list the programs and their sizes")
    options = parser.parse_args()

    cpus = environment.pin(options.threads)
    # what follows imports NumPy
    from . import report, runner
    from .program import load, select
    from .sides import PEERS

    chosen = select(options.only)
    if options.list:
        for name in chosen:
            print(f"{name:28} {', '.join(load(name).sizes):16} {load(name).description}")
        return 0
    if not chosen and not options.from_json:
        parser.error(f"no program matches {', '.join(options.only)}")
    peers = [p for p in options.peers.split(",") if p]
    for peer in peers:
        if peer not in PEERS:
            parser.error(f"unknown peer {peer!r}: choose from {', '.join(PEERS)}")

    if options.from_json:
        results = json.loads(options.from_json.read_text())
    else:
        settings = runner.Settings(
            peers=tuple(peers),
            threads=options.threads,
            rounds=options.rounds,
            seconds=options.seconds,
            fresh=not options.no_fresh,
        )
        results = runner.run(chosen, options.size or ["S"], settings, cpus)
    if options.json:
        options.json.write_text(json.dumps(results, indent=1) + "\n")
    text = report.markdown(results)
    if options.markdown:
        options.markdown.write_text(text)
    print(text)
    return 1 if any("error" in row["sides"].get("pullback", {}) for row in results["programs"]) else 0


if __name__ == "__main__":
    sys.exit(main())
