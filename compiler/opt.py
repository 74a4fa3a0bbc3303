"""Runs passes on a text file of IR: ``python -m pullback.opt file.ir -p simplify,reverse``.

Reads the file (or standard input for ``-``), verifies it, runs the passes in the order given,
verifies after each, and prints the result.
"""

from __future__ import annotations

import argparse
import pathlib
import sys
from collections.abc import Sequence

from . import rules  # noqa: F401  (fills the registry)
from .errors import InternalError
from .ir.parser import parse
from .ir.printer import print_function
from .ir.verifier import verify
from .pipeline import PASSES

_CROSS_READS = ("reverse",)  # leaves reads that `retain` makes legal


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m pullback.opt", description=__doc__)
    parser.add_argument("file", help="IR text, - for standard input")
    parser.add_argument("-p", "--passes", default="", help=f"comma-separated, of: {', '.join(PASSES)}")
    parser.add_argument("--locs", action="store_true", help="print source locations")
    options = parser.parse_args(argv)
    names = [name for name in options.passes.split(",") if name]
    for name in names:
        if name not in PASSES:
            parser.error(f"no pass named {name!r}; there are {', '.join(PASSES)}")
    text = sys.stdin.read() if options.file == "-" else pathlib.Path(options.file).read_text()
    try:
        fn = parse(text)
        verify(fn)
        for name in names:
            fn = PASSES[name](fn)
            verify(fn, cross_reads=name in _CROSS_READS)
    except (SyntaxError, InternalError) as e:
        print(e, file=sys.stderr)
        return 1
    print(print_function(fn, locs=options.locs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
