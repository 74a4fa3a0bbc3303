"""What must hold of a program: plain NumPy, the interpreter, printed source, compiled code and derivatives agree.

`check(case)` returns an `Outcome`. Independent oracles: plain Python running the source, and finite
differences of it. A program whose plain run raises must raise the same built-in type here, or be refused.
"""

from __future__ import annotations

import copy
import math
import signal
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from pullback import pipeline
from pullback.codegen.numba_cpu import generate_native, load_native, plain_kernel
from pullback.codegen.python_source import print_python
from pullback.compose import Transform
from pullback.dispatch import Dispatcher, Specialisation
from pullback.errors import InternalError, PullbackError, UnsupportedError
from pullback.ir.interp import interpret
from pullback.ir.nodes import Function
from pullback.runtime import parallel

from .generator import Case

Kernel = Callable[..., list[Any]]
_FLOATS = {np.dtype("f4"), np.dtype("f8")}
LIMIT = 1e6  # programs with larger numbers are discarded
SECONDS = 60  # of processor time, for one program


@dataclass(frozen=True)
class Outcome:
    """kind: "ok", "discarded" (the program itself is of no use), "refused" (a PullbackError), "raised" (the
    exception of the plain run, rightly), "kink" (finite differences do not exist), "widened" (right, but float64
    where NumPy has float32, or the other way: a number that is of two types on two paths is of one of them on both,
    and so is what comes of it), "failed"."""

    kind: str
    stage: str = ""
    detail: str = ""

    @property
    def failed(self) -> bool:
        return self.kind == "failed"


class Failure(Exception):
    """An oracle that does not hold: the stage names it."""

    def __init__(self, stage: str, detail: str):
        super().__init__(f"{stage}: {detail}")
        self.stage = stage
        self.detail = detail


class Timeout(Exception):
    pass


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Raise Timeout after as much processor time: what else the machine does is not counted."""

    def stop(*_: Any) -> None:
        raise Timeout

    old = signal.signal(signal.SIGPROF, stop)
    start, (outer, _) = time.process_time(), signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, old)
        if outer:
            signal.setitimer(signal.ITIMER_PROF, max(0.01, outer - (time.process_time() - start)))


def check(
    case: Case, compiled: bool = False, second: bool = False, seconds: int = SECONDS, thorough: bool = True
) -> Outcome:
    """Run all oracles on a case. compiled: native code through Numba too; second: second derivatives too; not
    `thorough`: one of the printed levels for each derivative, in turns, instead of both."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            with deadline(seconds):
                try:
                    runner = _Check(case)
                except Exception as e:
                    return Outcome("discarded", "load", str(e))
                runner.thorough = thorough
                return runner.run(compiled, second)
        except Failure as e:
            return Outcome("failed", e.stage, e.detail)
        except Timeout:
            return Outcome("failed", "timeout", f"more than {seconds} s")


# -- running ---------------------------------------------------------------------------------------------
def flat(tree: Any) -> list[Any]:
    if isinstance(tree, (tuple, list)):
        return [x for part in tree for x in flat(part)]
    return [] if tree is None else [tree]


def floats(tree: Any) -> list[Any]:
    return [x for x in flat(tree) if np.asarray(x).dtype.kind == "f"]


def useful(tree: Any) -> bool:
    """Whether all are numbers, finite and of moderate size."""
    arrays = [np.asarray(x) for x in flat(tree)]
    return all(x.dtype.kind in "fiub" and np.all(np.isfinite(x)) and np.all(np.abs(x) < LIMIT) for x in arrays)


def copied(values: list[Any]) -> list[Any]:
    """Copies in the same memory layout."""
    return [_copy(v) if isinstance(v, np.ndarray) else v for v in values]


def _copy(x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    if x.flags.c_contiguous:
        return x.copy()
    if x.flags.f_contiguous:
        return x.copy(order="F")
    wide = np.zeros((*x.shape[:-1], 2 * x.shape[-1]), x.dtype)
    wide[..., ::2] = x
    return wide[..., ::2]


def _like(old: Any, new: np.ndarray[Any, Any]) -> Any:
    """The numbers of `new` in the type and memory layout of `old`."""
    if not isinstance(old, np.ndarray):
        return type(old)(new)
    out = _copy(old)
    out[...] = new
    return out


def interpreter(fn: Function) -> Kernel:
    return lambda *inputs: interpret(fn, inputs)


def printed(fn: Function) -> Kernel:
    """The adjoint-level source, run as plain Python."""
    namespace: dict[str, Any] = {}
    text = print_python(pipeline.placed(fn), name="entry")
    exec(compile(text, "<adjoint level>", "exec"), namespace)
    entry = namespace["entry"]
    many = len(fn.body.yields)

    def run(*inputs: Any) -> list[Any]:
        before = [np.copy(x) for x in inputs]
        out = entry(*inputs)
        for old, new in zip(before, inputs):
            if not np.array_equal(old, new):
                raise Failure("adjoint source", "writes to its arguments")
        return [out] if many == 1 else list(out) if many else []

    return run


def native_plain(fn: Function) -> Kernel:
    """The native source, run as plain Python, its parallel loops in blocks, the last one first."""
    return plain_kernel(generate_native(pipeline.native(fn)), in_blocks=True)


def native_compiled(fn: Function) -> Kernel:
    return load_native(generate_native(pipeline.native(fn)))


LEVELS: dict[str, Callable[[Function], Kernel]] = {
    "adjoint source": printed,
    "native source": native_plain,
    "compiled": native_compiled,
}


_ENOUGH_WORK = parallel.ENOUGH_WORK


class Refused(Exception):
    def __init__(self, error: PullbackError):
        super().__init__(error.message)
        self.error = error


class NoPath(Exception):
    """The result does not depend on the arguments differentiably."""


class _Check:
    thorough = True
    turn = 0
    widened = False  # a float32 number is a float64 one, as it would be on another path

    def __init__(self, case: Case):
        self.case = case
        self.f = case.load()
        # every second program that is compiled has threads in all parallel loops
        parallel.ENOUGH_WORK = 0 if case.seed % 2 else _ENOUGH_WORK
        self.wrt = tuple(k for k, a in enumerate(case.arguments) if a.is_float)
        self.single = any(a.dtype == "f32" for a in case.arguments)
        self.rng = np.random.default_rng(case.seed + 1)

    # -- plain Python ---------------------------------------------------------------------------------
    def plain(self, values: list[Any], f: Callable[..., Any] | None = None) -> tuple[Any, list[Any]]:
        """(result, arguments after the call), copied."""
        given = copied(values)
        result = (f or self.f)(*given)
        return copy.deepcopy(result), [np.copy(x) if isinstance(x, np.ndarray) else x for x in given]

    def run(self, compiled: bool, second: bool) -> Outcome:
        values = self.case.values()
        raised: Exception | None = None
        try:
            with deadline(5):
                expected, after = self.plain(values)
        except Timeout:
            return Outcome("discarded", "plain run", "timeout")
        except Exception as e:
            raised = e
        try:
            if raised is not None:
                return self.check_raises(raised, compiled)
            if not useful((expected, after)) or not floats(expected):
                return Outcome("discarded", "plain run", "not finite, huge, or no float")
            if self.single and not self.well_conditioned(expected):
                return Outcome("discarded", "plain run", "float32 rounding shows")
            try:
                alike = self.check_value(expected, after, compiled)
                if not alike:
                    return Outcome("kink", "value", "an int, where a loop never ran that makes it a float")
                outcome = self.check_derivatives(expected, compiled, second)
            except Failure:
                if self.copies_overlap(expected, after):
                    return Outcome("discarded", "plain run", "NumPy copies overlapping places one after the other")
                if self.chaotic(expected, after):
                    return Outcome("discarded", "plain run", "rounding decides")
                raise
            return Outcome("widened") if self.widened and outcome.kind == "ok" else outcome
        except Refused as e:
            return Outcome("refused", type(e.error).__name__, e.error.message)

    def copies_overlap(self, expected: Any, after: list[Any]) -> bool:
        """Whether the program depends on the order in which NumPy copies between overlapping places: it does so
        for one axis of other strides (``a[1] = a[:, 2]``), where the right-hand side should be as if copied."""
        try:
            found = self.plain(self.case.values(), self.case.copying().load())
        except Exception:
            return False
        return any(
            np.shape(x) != np.shape(y) or not np.array_equal(x, y, equal_nan=True)
            for x, y in zip(flat(list(found)), flat([expected, after]), strict=True)
        )

    def chaotic(self, expected: Any, after: list[Any]) -> bool:
        """Whether plain numbers differ by more than is allowed once the arguments are moved by a few roundings: no
        two orders of the same arithmetic agree on such a program (a repeated ``cos(x * x)`` of a growing x, a
        branch on a number that is at its bound up to rounding)."""
        rng = np.random.default_rng(self.case.seed)
        for _ in range(6):
            values = self.case.values()
            for k in self.wrt:
                x = np.asarray(values[k])
                moved = x + rng.uniform(-4, 4, x.shape) * np.spacing(np.abs(x))
                values[k] = _like(values[k], moved.astype(x.dtype))
            try:
                found = self.plain(values)
                self.compare("moved", list(found), [expected, after], self.tolerance() / 10)
            except Exception:
                return True
        return False

    def well_conditioned(self, expected: Any) -> bool:
        """Whether plain float32 numbers agree with those of the same program in float64."""
        twin = self.case.in_double()
        try:
            exact = floats(self.plain(twin.values(), twin.load())[0])
        except Exception:
            return False
        tolerance = self.tolerance() / 10
        return all(
            np.shape(x) == np.shape(y)
            and np.allclose(x, y, rtol=tolerance, atol=tolerance * max(1.0, float(np.max(np.abs(y), initial=0.0))))
            for x, y in zip(floats(expected), exact, strict=True)
        )

    def guarded(self, stage: str, action: Callable[[], Any]) -> Any:
        """Run something of ours: refusals and defects are told apart."""
        try:
            return action()
        except (Failure, Timeout, Refused, NoPath):
            raise
        except InternalError as e:
            raise Failure(stage, f"InternalError: {e.message}") from e
        except PullbackError as e:
            if (
                "no differentiable path" in e.message
                or "returns no float" in e.message
                or "needs a function with a scalar" in e.message
            ):
                raise NoPath from None
            raise Refused(e) from None
        except NotImplementedError as e:  # a refusal that only the run can tell
            raise Refused(UnsupportedError(str(e))) from None
        except Exception as e:
            last = traceback.extract_tb(e.__traceback__)[-1]
            raise Failure(stage, f"{type(e).__name__}: {e} ({last.filename.rsplit('/', 1)[-1]}:{last.lineno})") from e

    def specialise(self, stage: str, *chain: Transform) -> tuple[Dispatcher, Specialisation]:
        dispatcher = Dispatcher(self.f, chain)
        entry = self.guarded(f"build {stage}", lambda: dispatcher.entry(tuple(copied(self.case.values())), {}))
        return dispatcher, entry.spec

    def call(
        self,
        stage: str,
        made: tuple[Dispatcher, Specialisation],
        kernel: Kernel,
        extras: tuple[Any, ...] = (),
        values: list[Any] | None = None,
    ) -> tuple[Any, list[Any]]:
        """(result, arguments after the call), through the dispatcher and the given kernel."""
        dispatcher, _ = made
        dispatcher.use(kernel)
        given = copied(values if values is not None else self.case.values())
        result = self.guarded(stage, lambda: dispatcher(tuple(given), {}, extras))
        return copy.deepcopy(result), given

    def kernels(self, stage: str, spec: Specialisation, compiled: bool) -> Iterator[tuple[str, Kernel]]:
        self.turn += 1
        skipped = None if self.thorough else list(LEVELS)[(self.case.seed + self.turn) % 2]
        for level, make in LEVELS.items():
            if level != skipped and (level != "compiled" or compiled):
                name = f"{stage}, {level}"
                yield name, self.guarded(name, lambda make=make: make(spec.program.function))

    # -- values -----------------------------------------------------------------------------------------
    def check_raises(self, error: Exception, compiled: bool) -> Outcome:
        """The plain run raises: ours must raise a subclass of the same built-in, or refuse."""
        base = next(t for t in type(error).__mro__ if t.__module__ == "builtins")
        dispatcher = Dispatcher(self.f, ())
        values = self.case.values()
        try:
            spec = dispatcher.entry(tuple(copied(values)), {}).spec
        except InternalError as e:
            raise Failure("build value", f"InternalError: {e.message}") from e
        except PullbackError:
            return Outcome("raised", type(error).__name__)
        except Exception as e:
            raise Failure("build value", f"{type(e).__name__}: {e}; NumPy raises {error!r}") from e
        kernels = {"interpreter": interpreter, **LEVELS}
        if not compiled:
            del kernels["compiled"]
        for name, make in kernels.items():
            kernel = self.guarded(name, lambda make=make: make(spec.program.function))
            dispatcher.use(kernel)
            try:
                dispatcher(tuple(copied(values)), {})
            except base:
                continue
            except Exception as e:
                raise Failure(f"exception, {name}", f"NumPy raises {error!r}, ours {type(e).__name__}: {e}") from e
            raise Failure(f"exception, {name}", f"NumPy raises {error!r}, ours nothing")
        return Outcome("raised", type(error).__name__)

    def tolerance(self, single: bool | None = None) -> float:
        return 2e-4 if (self.single if single is None else single) else 1e-9

    def compare(self, stage: str, got: Any, expected: Any, tolerance: float, types: bool = True) -> None:
        """Same structure, shapes and numbers (relative to the largest); dtypes of arrays too."""
        a, b = flat(got), flat(expected)
        if len(a) != len(b):
            raise Failure(stage, f"{len(a)} results, expected {len(b)}")
        for k, (x, y) in enumerate(zip(a, b)):
            x_, y_ = np.asarray(x), np.asarray(y)
            if x_.shape != y_.shape:
                raise Failure(stage, f"result {k} has shape {x_.shape}, expected {y_.shape}")
            if types and isinstance(y, (np.ndarray, np.float32)) and {y_.dtype, x_.dtype} == _FLOATS and self.single:
                self.widened = True
            elif types and isinstance(y, (np.ndarray, np.float32)) and x_.dtype != y_.dtype:
                raise Failure(stage, f"result {k} is {x_.dtype}, expected {y_.dtype}")
            scale = max(1.0, float(np.max(np.abs(y_), initial=0.0)))
            if not np.allclose(x_, y_, rtol=tolerance, atol=tolerance * scale, equal_nan=True):
                raise Failure(stage, f"result {k} is {x_!r}, expected {y_!r}")

    def check_value(self, expected: Any, after: list[Any], compiled: bool) -> bool:
        """Whether the results are of the kinds of Python's too: a number that a loop widens is wide even where
        the loop never runs (docs/api.md)."""
        made = self.specialise("value")
        spec = made[1]
        names = [("value, interpreter", interpreter(spec.program.function)), *self.kernels("value", spec, compiled)]
        for name, kernel in names:
            got, given = self.call(name, made, kernel)
            self.compare(name, got, expected, self.tolerance())
            self.compare(f"{name}, written arguments", given, after, self.tolerance())
        return len(floats(got)) == len(floats(expected))

    # -- derivatives ----------------------------------------------------------------------------------------
    def direction(self) -> tuple[Any, ...]:
        return tuple(self.vector(self.case.values()[k]) for k in self.wrt)

    def vector(self, like: Any) -> Any:
        x = np.asarray(like)
        made = np.round(self.rng.normal(size=x.shape), 3).astype(x.dtype)
        return made if x.ndim else made[()] if isinstance(like, np.generic) else float(made)

    def moved(self, values: list[Any], direction: tuple[Any, ...], h: float) -> list[Any]:
        out = list(values)
        for k, d in zip(self.wrt, direction):
            out[k] = values[k] + h * d
        return out

    def difference(
        self, f: Callable[[list[Any]], list[Any]], values: list[Any], direction: tuple[Any, ...], tolerance: float
    ) -> list[Any] | None:
        """Central differences of a list of arrays; None where two steps, or the two sides, disagree."""

        def central(h: float) -> list[Any]:
            plus, minus = f(self.moved(values, direction, h)), f(self.moved(values, direction, -h))
            return [(np.asarray(p, float) - np.asarray(m, float)) / (2 * h) for p, m in zip(plus, minus, strict=True)]

        def shapes(xs: list[Any]) -> list[Any]:
            return [np.shape(x) for x in xs]

        h = 3e-4
        try:
            middle = f(values)
            a, b = central(h), central(h / 2)
            if shapes(a) != shapes(b):
                return None
            # sixth order: of the fourth, what oscillates fast is not known well enough
            best = [(64 * z - 20 * y + x) / 45 for x, y, z in zip(a, b, central(h / 4))]
            ahead = [f(self.moved(values, direction, h / k)) for k in (4, 8)]
        except (Failure, Refused, NoPath, Timeout):
            raise
        except Exception:
            return None
        for x, y, p, q, m in zip(a, b, *ahead, middle):
            scale = max(1.0, float(np.max(np.abs(y), initial=0.0)))
            if not np.all(np.abs(x - y) <= 100 * tolerance * scale):
                return None
            p, q, m = (np.asarray(v, float) for v in (p, q, m))
            right = 2 * (q - m) / (h / 8) - (p - m) / (h / 4)  # of second order, from one side
            if not np.all(np.abs(right - y) <= 100 * tolerance * scale):
                return None
        return best

    def check_derivatives(self, expected: Any, compiled: bool, second: bool) -> Outcome:
        values = self.case.values()
        direction = self.direction()
        jvp_of = Transform("jvp", self.wrt, value=False)
        vjp_of = Transform("vjp", self.wrt)
        try:
            made = self.specialise("jvp", jvp_of)
        except NoPath:
            self.check_constant(values, direction)
            return Outcome("ok", "constant")
        tangents, given = self.call("jvp, interpreter", made, interpreter(made[1].program.function), (direction,))
        self.compare("jvp, arguments unchanged", given, values, 0.0)
        tangents = flat(tangents)
        if not useful(tangents):
            return Outcome("discarded", "jvp", "derivatives so large that rounding shows")
        for name, kernel in self.kernels("jvp", made[1], False) if self.thorough else ():
            self.compare(name, flat(self.call(name, made, kernel, (direction,))[0]), tangents, self.tolerance())
        outcome = self.check_tangents(values, direction, tangents)
        # reverse mode
        try:
            made = self.specialise("vjp", vjp_of)
        except NoPath:
            self.check_constant(values, direction)
            return Outcome("ok", "constant")
        cotangent = self.cotangent(expected)
        adjoints, given = self.call("vjp, interpreter", made, interpreter(made[1].program.function), (cotangent,))
        self.compare("vjp, arguments unchanged", given, values, 0.0)
        for k, a in zip(self.wrt, adjoints):
            if np.shape(a) != np.shape(values[k]) or (isinstance(values[k], np.ndarray) and a.dtype != values[k].dtype):
                raise Failure(
                    "vjp, interpreter",
                    f"adjoint of {self.case.arguments[k].name} is {np.asarray(a).dtype}{np.shape(a)}",
                )
        self.same_product("vjp, interpreter", tangents, floats(cotangent), direction, adjoints)
        for name, kernel in self.kernels("vjp", made[1], compiled):
            self.compare(name, self.call(name, made, kernel, (cotangent,))[0], adjoints, self.tolerance())
        if second and outcome.kind == "ok":
            self.check_second(values, direction, cotangent, adjoints, jvp_of, vjp_of)
        return outcome

    def cotangent(self, expected: Any) -> Any:
        if isinstance(expected, (tuple, list)):
            return type(expected)(self.cotangent(x) for x in expected)
        if np.asarray(expected).dtype.kind != "f":
            return None
        return self.vector(expected)

    def same_product(
        self, stage: str, tangents: list[Any], cotangents: list[Any], direction: tuple[Any, ...], adjoints: Any
    ) -> None:
        def inner(xs: Any, ys: Any) -> tuple[float, float]:
            terms = [np.asarray(x, float) * np.asarray(y, float) for x, y in zip(xs, ys, strict=True)]
            return sum(float(t.sum()) for t in terms), sum(float(np.abs(t).sum()) for t in terms)

        a, size_a = inner(tangents, cotangents)
        b, size_b = inner(direction, flat(adjoints))
        if not abs(a - b) <= self.tolerance() * max(1.0, size_a, size_b):
            if math.isnan(a) and math.isnan(b):
                return
            raise Failure(stage, f"<cotangent, jvp> = {a!r}, <vjp, tangent> = {b!r}")

    def check_constant(self, values: list[Any], direction: tuple[Any, ...]) -> None:
        tangents = self.difference(lambda xs: floats(self.plain(xs)[0]), values, direction, 1e-6)
        for t in tangents or []:
            if np.any(np.abs(t) > (1e-2 if self.single else 1e-6)):
                raise Failure("build jvp", f"no path is found, but the derivative is {t!r}")

    def check_tangents(self, values: list[Any], direction: tuple[Any, ...], tangents: list[Any]) -> Outcome:
        """Against finite differences of plain Python, in float64."""
        f = self.f
        if self.single:
            twin = self.case.in_double()
            f = twin.load()
            values = [
                np.asarray(v, np.float64) if isinstance(v, np.ndarray) and v.dtype == np.float32 else v for v in values
            ]
            direction = tuple(np.asarray(d, np.float64)[()] for d in direction)
        found = self.difference(lambda xs: floats(self.plain(xs, f)[0]), values, direction, 1e-6)
        if found is None:
            return Outcome("kink")
        self.compare("jvp, finite differences", tangents, found, 2e-3 if self.single else 1e-6, types=False)
        return Outcome("ok")

    def check_second(
        self,
        values: list[Any],
        direction: tuple[Any, ...],
        cotangent: Any,
        adjoints: Any,
        jvp_of: Transform,
        vjp_of: Transform,
    ) -> None:
        """Forward over reverse against differences of the gradient, and against reverse over reverse."""
        first = self.specialise("vjp", vjp_of)
        kernel = interpreter(first[1].program.function)

        def gradient(xs: list[Any]) -> list[Any]:
            return flat(self.call("vjp, interpreter", first, kernel, (cotangent,), xs)[0])

        try:
            made = self.specialise("jvp of vjp", vjp_of, jvp_of)
            got = flat(
                self.call(
                    "jvp of vjp, interpreter", made, interpreter(made[1].program.function), (cotangent, direction)
                )[0]
            )
        except NoPath:
            return
        if not useful(got):
            return
        if not self.single:
            found = self.difference(gradient, values, direction, 1e-5)
            if found is not None:
                self.compare("jvp of vjp, finite differences", got, found, 1e-5, types=False)
        for name, kernel_ in self.kernels("jvp of vjp", made[1], False):
            self.compare(name, flat(self.call(name, made, kernel_, (cotangent, direction))[0]), got, self.tolerance())
        made = self.specialise("vjp of vjp", vjp_of, vjp_of)
        weights = tuple(self.vector(a) for a in adjoints)
        twice = self.call("vjp of vjp, interpreter", made, interpreter(made[1].program.function), (cotangent, weights))[
            0
        ]
        self.same_product("vjp of vjp, interpreter", got, list(weights), direction, twice)
        for name, kernel_ in self.kernels("vjp of vjp", made[1], False):
            self.compare(name, self.call(name, made, kernel_, (cotangent, weights))[0], twice, self.tolerance())
