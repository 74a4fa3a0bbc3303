"""What `grouped_library` asks of the frontend."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..errors import UnsupportedError
from . import grouped_library as library
from .builtin_calls import builtin
from .values import Indexed, Iteration, ListValue, RecordValue


@builtin(library.items_of_group, low=2, high=2)
def items_of_group(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """A list of its own; one who iterates over it is told when the lists of the dict change meanwhile."""
    owners, contents = (args[0].fields[name] for name in ("owners", "contents"))
    made = ctx.call(ctx.named_function(library.selected, "list"), [owners, contents, args[1]], {})
    stacked = ctx.as_stacked(made)
    return stacked if isinstance(stacked, ListValue) else replace(stacked, source=(contents,))


@builtin(library.pairs_of_groups)
def _pairs_of_groups(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Iteration:
    return Iteration("zip", (ctx.begun(args[0].fields["names"]), _lists(ctx, args, {})))


@builtin(library.lists_of_groups)
def _lists(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> Indexed:
    names, places = (args[0].fields[name] for name in ("names", "places"))

    def item(k: Any) -> RecordValue:
        return RecordValue(library.group, {"owner": args[0], "place": ctx.load_item(places, k)})

    return Indexed(ctx.length(ctx.begun(names)), item, (names, places))


@builtin(library.is_list_of, low=2, high=2)
def _is_list_of(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> bool:
    owner, values = args
    if not isinstance(values, RecordValue) or values.cls is not library.group:
        return False
    if values.fields["owner"] is not owner:
        ctx.error(UnsupportedError, "a list of one dict becomes one of another", "put a copy into the dict: list(...)")
    return True


@builtin(library.refused, low=2, high=2)
def _refused(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> None:
    ctx.error(UnsupportedError, *args)


@builtin(library.keep)
def _keep(ctx: Any, args: list[Any], kwargs: dict[str, Any]) -> None:
    if isinstance(args[0], ListValue):
        ctx.session.frozen.add(args[0])
