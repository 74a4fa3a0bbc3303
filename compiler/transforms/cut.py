"""Keep or recompute: a minimum cut over bytes.

Each forward value v is split v_in -> v_out with the bytes it would cost to keep as capacity. Values that
cannot be recomputed hang on the source, what the reverse sweep reads on the sink, and a
recomputable value hangs on its operands; the cut edges are what is kept. Extents known only at run time
count as `NOMINAL`. Of several minimum cuts the one nearest to the readers is taken (least recomputation).
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Callable

from ..ir.dims import Dim
from ..ir.nodes import Function, Region, Value
from ..ir.types import Type

NOMINAL = 100
_INFINITE = 1 << 60


def choose_kept(
    needed: list[Value],
    fn: Function,
    is_outer: Callable[[Value], bool],
    sources: Callable[[Value], list[Value] | None],
    available: Callable[[Value], bool],
) -> set[Value]:
    """The values inside forward regions to keep, so that all of `needed` can be had.

    ``sources(v)`` lists the values that v can be computed again from, or is None when it cannot.
    """
    depth = _loop_depths(fn.body)
    destroyed = _destroyed_arrays(fn.body)
    graph = _Network()
    seen: set[Value] = set()
    work = list(needed)
    for v in needed:
        graph.add((v, 1), "sink", _INFINITE)
    while work:
        v = work.pop()
        if v in seen or available(v):
            continue
        seen.add(v)
        for d in v.type.shape:
            for x in d.values():  # an array is had only together with its extents
                if not available(x) and not is_outer(x):
                    graph.add((x, 1), "sink", _INFINITE)
                    work.append(x)
        if is_outer(v):
            # visible anyway; but an array whose memory is overwritten would have to be copied
            if v in destroyed:
                graph.add("source", (v, 0), _INFINITE)
                graph.add((v, 0), (v, 1), nominal_bytes(v.type))
            continue
        graph.add((v, 0), (v, 1), nominal_bytes(v.type) * NOMINAL ** depth.get(v, 0))
        needs = sources(v)
        if needs is None:
            graph.add("source", (v, 0), _INFINITE)
            continue
        for x in needs:
            if not available(x) and (not is_outer(x) or x in destroyed):
                graph.add((x, 1), (v, 0), _INFINITE)
                work.append(x)
    cut = graph.minimum_cut()
    return {v for v in seen if v in cut and not is_outer(v)}


def cost_of(fn: Function) -> Callable[[Value], int]:
    """The estimated bytes of keeping a value for every iteration of the loops around it."""
    depth = _loop_depths(fn.body)
    return lambda v: nominal_bytes(v.type) * NOMINAL ** depth.get(v, 1)


def nominal_bytes(t: Type) -> int:
    """The size of a value, with `NOMINAL` for extents that are not known."""
    size = t.itemsize
    for d in t.shape:
        size *= max(1, _nominal(d))
    return size


def _nominal(d: Dim) -> int:
    try:
        return abs(d.evaluate(lambda a: NOMINAL))
    except ZeroDivisionError:
        return NOMINAL


def _loop_depths(body: Region) -> dict[Value, int]:
    depths: dict[Value, int] = {}

    def visit(region: Region, depth: int) -> None:
        for p in region.params:
            depths[p] = depth
        for op in region.ops:
            for r in op.results:
                depths[r] = depth
            for sub in op.regions:
                visit(sub, depth + (op.opcode in ("for", "while")))

    visit(body, 0)
    return depths


def _destroyed_arrays(body: Region) -> set[Value]:
    """Arrays whose memory an in-place write takes over. Parameters of the function keep theirs: a write to
    one copies it first."""
    params = set(body.params)
    out: set[Value] = set()
    for op in body.walk():
        if op.opcode in ("store", "accum"):
            targets = [op.operands[0]]
        elif op.opcode == "for":
            targets = op.operands[3:]
        elif op.opcode == "while":
            targets = list(op.operands)
        else:
            continue
        out.update(x for x in targets if isinstance(x, Value) and x.type.shape and x not in params)
        for region in op.regions:
            out.update(p for p in region.params if p.type.shape)
    return out


class _Network:
    """Maximum flow by blocking flows of shortest paths (Dinitz, 1970)."""

    def __init__(self) -> None:
        self.capacity: dict[object, dict[object, int]] = {}

    def add(self, a: object, b: object, capacity: int) -> None:
        self.capacity.setdefault(a, {})
        self.capacity.setdefault(b, {})
        self.capacity[a][b] = max(self.capacity[a].get(b, 0), capacity)
        self.capacity[b].setdefault(a, 0)

    def _search(self, start: object, forwards: bool) -> dict[object, int]:
        """How far what can be reached is from `start`."""
        distance = {start: 0}
        queue = deque([start])
        while queue:
            a = queue.popleft()
            for b in self.capacity.get(a, {}):
                residual = self.capacity[a][b] if forwards else self.capacity[b][a]
                if residual > 0 and b not in distance:
                    distance[b] = distance[a] + 1
                    queue.append(b)
        return distance

    def _block(self, distance: dict[object, int]) -> None:
        """Send what the shortest paths can carry."""
        arcs = {a: list(self.capacity[a]) for a in distance}  # those not yet given up, the next one last
        path: list[object] = ["source"]
        while path:
            a = path[-1]
            if a == "sink":
                flow = min(self.capacity[a][b] for a, b in itertools.pairwise(path))
                full = len(path) - 1
                for k, (a, b) in reversed(list(enumerate(itertools.pairwise(path)))):
                    self.capacity[a][b] -= flow
                    self.capacity[b][a] += flow
                    if not self.capacity[a][b]:
                        full = k
                del path[full + 1 :]
                continue
            while arcs[a]:
                b = arcs[a][-1]
                if self.capacity[a][b] > 0 and distance.get(b) == distance[a] + 1:
                    path.append(b)
                    break
                arcs[a].pop()
            else:
                path.pop()
                if path:
                    arcs[path[-1]].pop()

    def minimum_cut(self) -> set[Value]:
        """Values whose own edge is cut, nearest to the sink."""
        while "sink" in (distance := self._search("source", True)):
            self._block(distance)
        reaches_sink = self._search("sink", False)
        cut: set[Value] = set()
        for node in self.capacity:
            if isinstance(node, tuple) and node[1] == 1 and node in reaches_sink and (node[0], 0) not in reaches_sink:
                cut.add(node[0])
        return cut
