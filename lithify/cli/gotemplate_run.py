"""Owns the evaluation of Go templates over plain values: mappings, lists, strings, numbers.

The functions are those that docker adds to Go's own, as far as they make sense for output. It refuses fields that do
not exist, as docker does: an empty line would hide a mistyped name.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lithify.cli.gotemplate import Branch, Call, Chain, Literal, Path, Text, parse_template, wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from lithify.cli.gotemplate import Expression, Node


def render_template(text: str, value: object) -> str:
    """A template's text over a value. Raises UsageError for what it cannot mean."""
    return Template(text).render(value)


class Template:
    """A template that is rendered over many values."""

    def __init__(self, text: str) -> None:
        """Raises UsageError."""
        self._nodes = parse_template(text)

    def render(self, value: object) -> str:
        """Raises UsageError."""
        return "".join(_Run(value).nodes(self._nodes, value, {"$": value}))


def as_json(value: object) -> str:
    """As Go's encoding/json writes it, on one line."""
    from lithify.cache.oci import go_json

    return go_json(value).decode()


class _Run:
    def __init__(self, root: object) -> None:
        self._root = root

    def nodes(
        self, nodes: Iterable[Node], dot: object, variables: dict[str, object]
    ) -> Iterator[str]:
        for node in nodes:
            if isinstance(node, Text):
                yield node.text
            elif isinstance(node, Branch):
                yield from self._branch(node, dot, variables)
            else:
                value = self._value(node.value, dot, variables)
                if node.variables:
                    variables[node.variables[-1]] = value
                else:
                    yield shown(value)

    def _branch(self, node: Branch, dot: object, variables: dict[str, object]) -> Iterator[str]:
        value = self._value(node.value, dot, variables)
        inner = dict(variables)
        if node.kind == "range":
            pairs = list(_pairs(value))
            for key, one in pairs:
                inner.update(zip(node.variables[::-1], (one, key), strict=False))
                yield from self.nodes(node.body, one, inner)
            if not pairs:
                yield from self.nodes(node.otherwise, dot, inner)
            return
        if node.variables:
            inner[node.variables[-1]] = value
        if _is_true(value):
            yield from self.nodes(node.body, value if node.kind == "with" else dot, inner)
        else:
            yield from self.nodes(node.otherwise, dot, inner)

    def _value(self, node: Expression, dot: object, variables: dict[str, object]) -> Any:
        match node:
            case Literal():
                return node.value
            case Path():
                if not node.variable:
                    return _field(dot, node.fields)
                if node.variable not in variables:
                    raise wrong(f"undefined variable {node.variable}")
                return _field(variables[node.variable], node.fields)
            case Chain():
                return _field(self._value(node.inner, dot, variables), node.fields)
            case Call():
                if node.name in ("and", "or"):
                    return self._lazily(node, dot, variables)
                return _call(
                    node.name, [self._value(one, dot, variables) for one in node.arguments]
                )

    def _lazily(self, node: Call, dot: object, variables: dict[str, object]) -> Any:
        value: Any = None
        for one in node.arguments:
            value = self._value(one, dot, variables)
            if _is_true(value) is (node.name == "or"):
                return value
        return value


def _field(value: Any, fields: Sequence[str]) -> Any:
    for name in fields:
        if value is None:
            raise wrong(f"nothing is there to take .{name} of")
        if not isinstance(value, Mapping):
            raise wrong(f"cannot take .{name} of {shown(value)[:40]!r}")
        if name not in value:
            from lithify.errors import closest

            near = closest(name, tuple(str(key) for key in value))
            suggestion = f" (did you mean .{near}?)" if near else ""
            raise wrong(f"there is no field .{name}{suggestion}")
        value = value[name]
    return value


def _pairs(value: Any) -> list[tuple[object, object]]:
    if value is None:
        return []
    if isinstance(value, Mapping):
        return sorted(value.items())
    if isinstance(value, list | tuple):
        return list(enumerate(value))
    raise wrong(f"cannot range over {shown(value)[:40]!r}")


def _is_true(value: object) -> bool:
    return bool(value)


def shown(value: object) -> str:
    """As Go prints a value: lists as `[a b]`, maps as `map[k:v]`."""
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple):
        return f"[{' '.join(shown(one) for one in value)}]"
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{key}:{shown(one)}' for key, one in sorted(value.items()))}]"
    return str(value)


def _call(name: str, arguments: list[Any]) -> Any:
    if name not in _FUNCTIONS:
        raise wrong(f"function {name!r} is not supported")
    least, most, function = _FUNCTIONS[name]
    if len(arguments) < least or (most is not None and len(arguments) > most):
        raise wrong(f"wrong number of arguments for {name}")
    try:
        return function(*arguments)
    except (TypeError, ValueError, AttributeError, LookupError, OverflowError) as error:
        raise wrong(f"{name}: {error}") from error


def _join(values: Sequence[object], glue: str) -> str:
    return glue.join(shown(one) for one in values)


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        value = value.get(key, "") if isinstance(value, Mapping) else value[key]
    return value


def _truncate(text: str, length: int) -> str:
    return text[:length]


def _pad(text: str, before: int, after: int) -> str:
    if max(before, after) > 4096:
        raise ValueError("too many spaces")
    return " " * before + text + " " * after


def _println(*values: object) -> str:
    return " ".join(shown(one) for one in values) + "\n"


def _print(*values: object) -> str:
    return "".join(shown(one) for one in values)


def _printf(form: str, *values: Any) -> str:
    """%s, %v, %d, %q and %%, without widths."""
    left = list(values)

    def replaced(match: re.Match[str]) -> str:
        if match[1] == "%":
            return "%"
        value = left.pop(0)
        return json.dumps(shown(value)) if match[1] == "q" else shown(value)

    if "%" in re.sub(r"%[svdq%]", "", form):
        raise ValueError("only %s, %v, %d, %q and %% are supported")
    return re.sub(r"%([svdq%])", replaced, form)


def _equal(value: object, *others: object) -> bool:
    return any(value == one for one in others)


def _title(text: str) -> str:
    return text[:1].upper() + text[1:]


#: Name -> (fewest arguments, most or None, function).
_FUNCTIONS: Mapping[str, tuple[int, int | None, Callable[..., Any]]] = {
    "json": (1, 1, as_json),
    "join": (2, 2, _join),
    "split": (2, 2, lambda text, glue: text.split(glue)),
    "upper": (1, 1, lambda text: text.upper()),
    "lower": (1, 1, lambda text: text.lower()),
    "title": (1, 1, _title),
    "truncate": (2, 2, _truncate),
    "pad": (3, 3, _pad),
    "len": (1, 1, len),
    "index": (1, None, _index),
    "println": (0, None, _println),
    "print": (0, None, _print),
    "printf": (1, None, _printf),
    "eq": (2, None, _equal),
    "ne": (2, 2, lambda one, other: one != other),
    "lt": (2, 2, lambda one, other: one < other),
    "le": (2, 2, lambda one, other: one <= other),
    "gt": (2, 2, lambda one, other: one > other),
    "ge": (2, 2, lambda one, other: one >= other),
    "not": (1, 1, lambda value: not _is_true(value)),
}
