"""The oracle of `inplace`: runs a function with destructive stores and shared memory.

`run_destructive` executes what docs/codegen.md says generated code does: one buffer per web, views that
are NumPy views, stores into them. `check_inplace` compares that with the value semantics of `ir.interp`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..analysis.alias import mutated_operands
from ..errors import InternalError
from ..ir import indexing
from ..ir.interp import _Frame, bind_symbols, interpret
from ..ir.nodes import Function, Gather, Op


def run_destructive(fn: Function, args: Sequence[Any]) -> list[Any]:
    """Results of the function; arguments it does not own are read-only while it runs."""
    with np.errstate(all="ignore"):
        return _run(fn, args, fn.callees)


def check_inplace(fn: Function, args: Sequence[Any]) -> None:
    """Raise InternalError where the destructive run of `fn` differs from its value semantics."""
    expected = interpret(fn, [np.array(a) if isinstance(a, np.ndarray) else a for a in args])
    actual = run_destructive(fn, args)
    for k, (e, a) in enumerate(zip(expected, actual, strict=True)):
        # layouts differ, and with them the order of sums
        if not np.allclose(e, a, rtol=1e-9, atol=1e-12, equal_nan=True):
            raise InternalError(f"{fn.name}: result {k} is {a!r} in place, but should be {e!r}")
    arrays = [(k, a) for k, a in enumerate(actual) if isinstance(a, np.ndarray)]
    owned = fn.attrs.get("owned", ())
    foreign = [a for k, a in enumerate(args) if isinstance(a, np.ndarray) and k not in owned]
    for n, (k, a) in enumerate(arrays):
        if not a.flags.writeable or any(np.shares_memory(a, b) for b in foreign + [b for _, b in arrays[:n]]):
            raise InternalError(f"{fn.name}: result {k} is not memory of its own")


def _run(fn: Function, args: Sequence[Any], callees: Mapping[str, Function]) -> list[Any]:
    frame = _DestructiveFrame(bind_symbols(fn, args), fn.callees or callees)
    owned = fn.attrs.get("owned", ())
    for k, (param, arg) in enumerate(zip(fn.params, args, strict=True)):
        if isinstance(arg, np.ndarray):
            arg = np.array(arg) if k in owned else arg.view()
            arg.flags.writeable = k in owned
        frame.env[param] = frame.conform(arg, param.type, "argument %" + param.hint)
    return frame.region(fn.body)


class _DestructiveFrame(_Frame):
    def __init__(self, symbols: dict[str, int], callees: Mapping[str, Function]):
        super().__init__(symbols, callees)
        self._own |= {
            "load": self._load,
            "block": self._load,
            "store": self._write(indexing.store),
            "accum": self._write(indexing.accum),
            "transpose": lambda op, xs: [np.transpose(xs[0], op.attrs["perm"])],
            "reshape": lambda op, xs: [np.reshape(xs[0], self.attr(op.attrs["shape"]))[()]],
            "broadcast_to": lambda op, xs: [np.broadcast_to(xs[0], self.attr(op.attrs["shape"]))[()]],
            "tape_push": lambda op, xs: [(xs[0], xs[1])],
            "call": lambda op, xs: _run(self.callees[op.attrs["callee"]], xs, self.callees),
        }

    def op(self, op: Op) -> None:
        super().op(op)
        if op.opcode not in ("store", "accum"):
            for result, k in zip(op.results, mutated_operands(op), strict=False):
                buffer = self.operand(op.operands[k])
                buffer[...] = self.env[result]
                self.env[result] = buffer

    def _load(self, op: Op, xs: list[Any]) -> Sequence[Any]:
        index = self.attr(op.attrs["index"])
        if any(isinstance(item, Gather) for item in index):
            return [indexing.load(xs[0], index, xs[1:])]
        return [xs[0][indexing.numpy_index(index, [int(x) for x in xs[1:]], [], xs[0].shape)]]

    def _write(self, meaning: Any) -> Any:
        def write(op: Op, xs: list[Any]) -> Sequence[Any]:
            # the value is read element by element as memory is written: no help from NumPy's buffering
            xs[0][...] = meaning(xs[0], self.attr(op.attrs["index"]), xs[1:-1], xs[-1])
            return [xs[0]]

        return write
