"""From a call to a compiled kernel: specialisation, caching, checks, and conversion of results.

Two levels. A call is looked up by the exact types and shapes of its arguments (`Entry`: everything
about them is already decided, a call costs microseconds). Behind that, a `Specialisation` is a program
for a pattern of extents (see docs/ir.md): it is used where its assumptions hold, the extents it
fixed are the same, and what it captured from the user's environment still has the same type.

Note [Specialising again]. A program is first built with symbolic extents and run-time Python ints.
Where that is refused because a number must be known (or shapes are not seen to agree), it is built
again with ints static, then with all extents constant. The error raised is that with constant extents
and run-time ints, where there is one: it names the actual shapes and types. An extent that has to be a certain
number, or another extent and 1, is made that at once (Note [Settled extents] in `frontend/session.py`).

Guaranteed: arguments are not modified, except arrays that the user's function itself writes to when
it is called without differentiation; those are updated after the kernel has returned without error.
"""

from __future__ import annotations

import inspect
import os
import threading
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, final

import numpy as np

from pullback.runtime import collecting

from . import plan as plans
from . import quick, tree
from .entry import Entry, Kernel, Specialisation, StaleError
from .errors import (
    InternalError,
    NeedsExtent,
    NeedsStatic,
    NoPathError,
    PullbackError,
    PullbackTypeError,
)
from .ir.dims import Dim
from .ir.loc import Loc
from .paths import line_of_definition, unwrap
from .plan import Plan, Transform
from .signature import Signature, scan, settled

if TYPE_CHECKING:
    from .compose import Program

_MAX_ENTRIES = 4096  # exact shapes
_MAX_PATTERNS = 256  # each keeps compiled code alive


def _constant(fixed: dict[str, Dim], symbols: Collection[str], extents: dict[str, int]) -> dict[str, Dim]:
    """More extents are the numbers that they are in a call; all of them if `symbols` has one that is no argument's."""
    if not extents.keys() >= set(symbols):
        symbols = extents.keys()
    return settled(fixed, {s: Dim.of(extents[s]) for s in sorted(symbols)})


@final
class Dispatcher:
    """Calls `fn` under the transforms of `chain`, compiling where needed. Safe to call from threads.

    `deterministic`: sums keep the order that the printed loops have.
    """

    def __init__(self, fn: Callable[..., Any], chain: tuple[Transform, ...], deterministic: bool = False):
        self.fn = fn
        self.chain = chain
        self._deterministic = deterministic
        self.name = getattr(fn, "__name__", type(fn).__name__)
        code = getattr(inspect.unwrap(fn), "__code__", None)
        self.loc = Loc(code.co_filename, line_of_definition(code)) if code is not None else None
        self._signature, self._documented = _signatures(fn)
        self._bindings: dict[Any, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {}
        self._entries: dict[Any, Entry] = {}
        self._specialisations: dict[Any, list[Specialisation]] = {}
        self._looked_up: set[str] = set()  # keys of the disk cache
        self._static_ints = False
        self._quick: quick.Call | None = None
        self._lock = threading.RLock()

    def __call__(
        self, args: tuple[Any, ...], kwargs: dict[str, Any], extras: tuple[Any, ...] = (), out: Any = None
    ) -> Any:
        """The result for these arguments; `extras` are tangents and cotangents, one for each transform
        that adds one; `out` has arrays for the results."""
        try:
            call = self._quick  # read once: another thread may take it away
            if call is not None and not kwargs and not extras and out is None:
                result = call(args)
                if result is not quick.MISS:
                    return result
            if kwargs:
                args, kwargs = self.bind(args, kwargs)
            key, leaves = self._scan(args, kwargs)
            entry = self._entries.get(key)
            if entry is None:
                entry = self.entry(args, kwargs)
            try:
                result = entry.run(leaves, extras, out)
            except StaleError:
                entry = self.entry(args, kwargs)
                result = entry.run(leaves, extras, out)
            self._quick = entry.quick(args, kwargs, self._static_ints)
            return result
        except PullbackError as e:
            e.loc = e.loc or self.loc  # errors about arguments are about this function
            if isinstance(e, InternalError) or os.environ.get("PULLBACK_TRACEBACK"):
                raise
            # the frames of the compiler say nothing about the user's program
            raise e.with_traceback(None) from None
        except OverflowError:
            refused = self._beyond_64_bits(args, kwargs)
            if refused is None:
                raise
            raise refused from None

    def _beyond_64_bits(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> PullbackError | None:
        """The error about a Python integer that no kernel can be given, if there is one among the arguments."""
        args, kwargs = self.bind(args, kwargs)
        try:
            Signature(args, kwargs, self.names(len(args), tuple(kwargs)), self._scan(args, kwargs)[0])
        except PullbackError as e:
            e.loc = e.loc or self.loc
            return e
        return None

    # -- arguments ------------------------------------------------------------------------------
    def has_parameter(self, name: str) -> bool:
        """Whether a keyword is one of the function's own."""
        if self._signature is None:
            return True
        parameters = self._signature.parameters.values()
        return any(p.name == name or p.kind is p.VAR_KEYWORD for p in parameters)

    def bind(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """The arguments with keywords moved to their positions where the function has one."""
        moved, kept, _ = self._binding(len(args), tuple(kwargs))
        return (*args, *(kwargs[n] for n in moved)), {n: kwargs[n] for n in kept}

    def _binding(self, n: int, keywords: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """(keywords that become positional, keywords that stay, names of the positional arguments)."""
        found = self._bindings.get((n, keywords))
        if found is None:
            found = self._bindings[n, keywords] = self._bind_new(n, keywords)
        return found

    def _bind_new(self, n: int, keywords: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        if self._signature is None:
            return (), keywords, tuple(f"args[{i}]" for i in range(n))
        try:
            bound = self._signature.bind(*range(n), **{k: k for k in keywords})
        except TypeError as e:
            raise PullbackTypeError(
                f"{self.name}() {e}", self.loc, f"the signature is {self.name}{self._signature}"
            ) from None
        names = _positional(self._signature, bound)
        moved = tuple(bound.args[n:])
        kept = tuple(k for k in keywords if k not in moved)
        if self._documented is not None:
            try:
                documented = self._documented.bind(*bound.args, **{k: k for k in kept})
            except TypeError:
                pass
            else:
                names = _positional(self._documented, documented)
        return moved, kept, tuple(names[: len(bound.args)])

    def names(self, n_args: int, keywords: tuple[str, ...] = ()) -> tuple[str, ...]:
        """What positional arguments are called in messages."""
        return self._binding(n_args, keywords)[2]

    def use(self, kernel: Kernel) -> None:
        """Make the calls that have entries now by `kernel` (tests compare kernels)."""
        for entry in self._entries.values():
            entry.use(kernel)
        self._quick = None

    # -- specialisation ---------------------------------------------------------------------------
    def entry(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Entry:
        """The entry for bound arguments, made if there is none that holds."""
        with self._lock, collecting.paused():
            names = self.names(len(args), tuple(kwargs))
            while True:
                static_ints = self._static_ints
                key, _ = self._scan(args, kwargs)
                signature = Signature(args, kwargs, names, key)
                stored = self._key(signature)
                if stored is not None and not static_ints and plans.needs_static_ints(stored):
                    self._make_ints_static()
                    continue
                spec, extents = self._specialise(signature, stored)
                if static_ints == self._static_ints:
                    break
            entry = Entry(spec, signature, extents)
            if len(self._entries) >= _MAX_ENTRIES:
                self._entries.clear()
            self._entries[key] = entry
            return entry

    def check(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Raise what a call with these arguments raises before it computes: the function or an argument is
        refused, or arguments overlap in memory."""
        entry = self.entry(args, kwargs)
        entry.check_writes(entry.given(self._scan(args, kwargs)[1]), [read() for read, _, _ in entry.captured])

    def inputs(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Entry, list[Any]]:
        """The entry for bound arguments, and what its kernel would be given of them and of captured values."""
        entry = self.entry(args, kwargs)
        return entry, [*entry.given(self._scan(args, kwargs)[1]), *(read() for read, _, _ in entry.captured)]

    def _scan(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], list[Any]]:
        """The key of a call with bound arguments, and its run-time leaves."""
        key: list[Any] = [len(args)]
        leaves: list[Any] = []
        try:
            for a in args:
                if type(a) is np.ndarray:  # as `scan` does, without the call
                    key.append((a.dtype, a.shape))
                    leaves.append(a)
                else:
                    scan(a, key, leaves, self._static_ints)
            if kwargs:
                scan(kwargs, key, leaves, self._static_ints)
        except RecursionError:
            for a, name in zip((*args, *kwargs.values()), (*self.names(len(args)), *kwargs), strict=False):
                tree.require_finite(a, name)
            raise
        return tuple(key), leaves

    def _key(self, signature: Signature) -> str | None:
        """The key of plans for such a call on disk, the first time that it is asked for."""
        if not plans.enabled():
            return None
        return plans.key_of(
            self.fn, signature.meaning(), tuple(map(repr, self.chain)), self._deterministic, self._static_ints
        )

    def _make_ints_static(self) -> None:
        self._static_ints = True  # calls are keyed by the values of ints from now on
        self._entries.clear()
        self._quick = None

    def _specialise(self, signature: Signature, key: str | None) -> tuple[Specialisation, dict[str, int]]:
        if len(self._specialisations) >= _MAX_PATTERNS:
            self._specialisations.clear()
        known = self._specialisations.setdefault(signature.pattern, [])
        extents = signature.extents
        known[:] = [s for s in known if all(g.holds() for g in s.plan.guards)]
        if key is not None and key not in self._looked_up:
            self._looked_up.add(key)
            for plan in plans.load(key, self.fn):
                if plan.fixed.keys() <= extents.keys():
                    known.append(self._specialisation(plan, None, signature, None))
        fixed: dict[str, Dim] = {}
        for spec in known:
            bound = spec.bind(extents)
            if bound is not None:
                violated = _symbols(spec.violated(bound))
                if not violated:
                    return spec, bound
                fixed = _constant(fixed, violated, extents)
        while True:
            spec = self._build(signature, fixed, key)
            known.append(spec)
            bound = spec.bind(extents)
            if bound is None:
                raise InternalError(f"a fresh specialisation of {self.name} does not hold", self.loc)
            violated = _symbols(spec.violated(bound))
            if not violated:
                return spec, bound
            if violated <= fixed.keys():
                raise InternalError(f"assumptions of {self.name} cannot be met", self.loc)
            fixed = _constant(fixed, violated, extents)

    def _build(self, signature: Signature, fixed: dict[str, Dim], key: str | None) -> Specialisation:
        """See Note [Specialising again]."""
        from . import compose

        args, kwargs, _ = signature.abstract(fixed, False)
        compose.check_arguments(self.name, self.chain, args, kwargs, signature.names, self.loc)
        every = _constant({}, signature.extents.keys(), signature.extents)
        has_ints = any(x.is_python_int for x in signature.inputs)
        try:
            return self._attempt(signature, fixed, self._static_ints, key)
        except InternalError:
            raise
        except PullbackError as e:
            error = e
        attempts: list[tuple[dict[str, Dim], bool]] = []
        if isinstance(error, NeedsStatic) and has_ints and not self._static_ints:
            attempts.append((fixed, True))
        if every != fixed:
            attempts.append((every, self._static_ints))
            if has_ints and not self._static_ints:
                attempts.append((every, True))
        for symbols, static_ints in attempts:
            try:
                spec = self._attempt(signature, symbols, static_ints, key if static_ints == self._static_ints else None)
            except PullbackError as e:
                if not isinstance(e, NeedsStatic) and (not static_ints or isinstance(error, NeedsStatic)):
                    error = e
                continue
            if static_ints and not self._static_ints:
                self._make_ints_static()
                if key is not None:
                    plans.note_static_ints(key)
            return spec
        raise error

    def _attempt(
        self, signature: Signature, fixed: dict[str, Dim], static_ints: bool, key: str | None
    ) -> Specialisation:
        while True:
            try:
                program, slots = self._program(signature, fixed, static_ints)
                break
            except NeedsExtent as e:
                fixed = settled(fixed, {e.symbol: e.extent})
        plan = program.plan({s: fixed[s] for s in sorted(fixed)}, slots)
        return self._specialisation(plan, program, signature, key)

    def _program(self, signature: Signature, fixed: dict[str, Dim], static_ints: bool) -> tuple[Program, list[int]]:
        try:
            return self._composed(signature, fixed, static_ints)
        except NoPathError:
            if not self._depends_elsewhere(signature, static_ints):
                raise
        return self._composed(signature, fixed, static_ints, independent=True)

    def _composed(
        self, signature: Signature, fixed: dict[str, Dim], static_ints: bool, independent: bool = False
    ) -> tuple[Program, list[int]]:
        from . import compose

        args, kwargs, slots = signature.abstract(fixed, static_ints)
        free = {s: n for s, n in signature.extents.items() if s not in fixed}
        made = compose.program(self.fn, self.chain, args, kwargs, signature.names, free, self.loc, independent)
        return made, slots

    def _depends_elsewhere(self, signature: Signature, static_ints: bool) -> bool:
        """Whether the result would depend on what it is differentiated by if the arrays were larger, as in
        ``np.sum(np.diff(x) ** 2)`` of one number."""
        for larger in signature.larger():
            for fixed in ({}, _constant({}, larger.extents.keys(), larger.extents)):
                try:
                    self._composed(larger, fixed, static_ints)
                except (PullbackError, NeedsExtent):
                    continue
                return True
        return False

    def _specialisation(
        self, plan: Plan, program: Program | None, signature: Signature, key: str | None
    ) -> Specialisation:
        static_ints = self._static_ints
        return Specialisation(
            plan, program, lambda: self._program(signature, plan.fixed, static_ints)[0], key, not self._deterministic
        )


def _symbols(dims: list[Dim]) -> set[str]:
    return {a for d in dims for a in d.atoms() if isinstance(a, str)}


def _signatures(fn: Callable[..., Any]) -> tuple[inspect.Signature | None, inspect.Signature | None]:
    """The signature that a call has to fit, and the one that names the arguments of a function of ``*args``: that of
    what a decorator wrapped."""
    fn = unwrap(fn)
    try:
        own = inspect.signature(fn, follow_wrapped=False)
        if any(p.kind is p.VAR_POSITIONAL for p in own.parameters.values()):
            return own, inspect.signature(fn)
        return own, None
    except (TypeError, ValueError):
        return None, None


def _positional(signature: inspect.Signature, bound: inspect.BoundArguments) -> list[str]:
    """What the positional arguments of a call are called."""
    names: list[str] = []
    for p in signature.parameters.values():
        if p.kind is p.VAR_POSITIONAL:
            names += [f"{p.name}[{i}]" for i in range(len(bound.arguments.get(p.name, ())))]
        elif p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
            names.append(p.name)
    return names
