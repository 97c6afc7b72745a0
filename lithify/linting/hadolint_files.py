"""Owns hadolint's settings: where its file lies, its keys, and its environment variables.

People move with the file they have. It is read by its tree, so that a mistake has a line and a column. It refuses what
hadolint passes over in silence: a file that cannot be read is an error, and a key it does not know is told of.

hadolint takes `ignore` and `none` both for a threshold that nothing reaches.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from lithify.errors import ConfigurationError, closest
from lithify.linting.formats.table import FORMS
from lithify.linting.settings import LABEL_TYPES, THRESHOLDS, Layer

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_LARGEST_BYTES = 1024 * 1024
_TRUE = frozenset(("1", "y", "on", "true", "yes"))
_FALSE = frozenset(("0", "n", "off", "false", "no"))
_LEVELS = ("error", "warning", "info", "style")
_BOOLEANS = {
    "no-fail": "no_fail",
    "no-color": "no_color",
    "verbose": "verbose",
    "strict-labels": "strict_labels",
    "disable-ignore-pragma": "disable_pragma",
}
_LISTS = {"ignored": "ignored", "trustedRegistries": "registries"}
KEYS = (*_BOOLEANS, *_LISTS, "format", "formats", "override", "label-schema", "failure-threshold")


class Read(NamedTuple):
    """A file's layer, and what is worth telling of it."""

    layer: Layer
    notes: tuple[str, ...] = ()


def candidates(environ: Mapping[str, str], folder: str = os.curdir) -> Iterator[str]:
    """Where the file is looked for; the first that exists counts."""
    home = environ.get("HOME", "")
    settings = environ.get("XDG_CONFIG_HOME", "") or (os.path.join(home, ".config") if home else "")
    names = (".hadolint.yaml", ".hadolint.yml")
    yield from names if folder == os.curdir else (os.path.join(folder, name) for name in names)
    if settings:
        yield from (os.path.join(settings, name) for name in ("hadolint.yaml", "hadolint.yml"))
    if home:
        for name in ("hadolint", "config"):
            yield from (os.path.join(home, ".hadolint", f"{name}.{end}") for end in ("yaml", "yml"))
        yield from (os.path.join(home, f".hadolint.{end}") for end in ("yaml", "yml"))


def read_file(path: str) -> Read:
    """What a file says. Raises ConfigurationError with the place of the mistake."""
    import yaml

    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    if len(data) > _LARGEST_BYTES:
        raise ConfigurationError(f"{path}: larger than {_LARGEST_BYTES} bytes")
    try:
        root = yaml.compose(data.decode("utf-8"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        raise ConfigurationError(f"{path}: not UTF-8 at byte {error.start}") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f":{mark.line + 1}:{mark.column + 1}" if mark is not None else ""
        raise ConfigurationError(f"{path}{place}: {error.problem}") from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigurationError(f"{path}: this is no YAML: {error}") from error
    if root is None:
        return Read(Layer(path))
    reader = _Reader(path)
    return reader.read(root)


class _Reader:
    """Nodes of one file as values; a mistake is told with its place."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._said: dict[str, Any] = {"source": path}
        self._notes: list[str] = []

    def read(self, root: Any) -> Read:
        for key, node in self._pairs(root):
            name = key.value
            if name in _BOOLEANS:
                self._said[_BOOLEANS[name]] = self._boolean(node)
            elif name in _LISTS:
                self._said[_LISTS[name]] = self._texts(node)
            elif name in ("format", "formats"):
                self._formats(node)
            elif name == "override":
                self._override(node)
            elif name == "label-schema":
                self._said["labels"] = self._labels(node)
            elif name == "failure-threshold":
                self._said["threshold"] = self._choice(node, THRESHOLDS)
            else:
                near = closest(name, KEYS)
                hint = f" (did you mean {near}?)" if near else ""
                self._notes.append(f"{self._place(key)}: unknown key {name}{hint}")
        return Read(Layer(**self._said), tuple(self._notes))

    def _formats(self, node: Any) -> None:
        nodes = node.value if node.id == "sequence" else [node]
        self._said["formats"] = tuple(self._choice(one, tuple(FORMS)) for one in nodes)

    def _override(self, node: Any) -> None:
        levels: list[tuple[str, str]] = []
        for key, value in self._pairs(node):
            level = self._choice(key, _LEVELS)
            levels += ((name, level) for name in self._texts(value))
        self._said["levels"] = tuple(levels)

    def _labels(self, node: Any) -> tuple[tuple[str, str], ...]:
        return tuple(
            (key.value, self._choice(value, ("", *LABEL_TYPES)) or "text")
            for key, value in self._pairs(node)
        )

    def _place(self, node: Any) -> str:
        return f"{self._path}:{node.start_mark.line + 1}:{node.start_mark.column + 1}"

    def _fail(self, node: Any, message: str) -> ConfigurationError:
        return ConfigurationError(f"{self._place(node)}: {message}")

    def _pairs(self, node: Any) -> list[tuple[Any, Any]]:
        if node.id == "scalar" and node.value in ("", "null", "~"):
            return []
        if node.id != "mapping":
            raise self._fail(node, "keys and values are wanted here")
        for key, _ in node.value:
            if key.id != "scalar":
                raise self._fail(key, "a key is a word")
        return list(node.value)

    def _texts(self, node: Any) -> tuple[str, ...]:
        if node.id == "scalar" and node.value in ("", "null", "~"):
            return ()
        if node.id != "sequence":
            raise self._fail(node, "a list is wanted here")
        for one in node.value:
            if one.id != "scalar":
                raise self._fail(one, "a word is wanted here")
        return tuple(one.value for one in node.value)

    def _boolean(self, node: Any) -> bool:
        text = node.value.lower() if node.id == "scalar" else ""
        if text not in _TRUE | _FALSE:
            raise self._fail(node, "true or false is wanted here")
        return text in _TRUE

    def _choice(self, node: Any, choices: tuple[str, ...]) -> str:
        text = node.value if node.id == "scalar" else ""
        if node.id != "scalar" or text not in choices:
            shown = ", ".join(filter(None, choices))
            raise self._fail(node, f"{text or 'this'} is none of {shown}")
        return str(text)


def read_environment(environ: Mapping[str, str]) -> Layer:
    """What hadolint's variables say. Raises ConfigurationError for a value that is none of the possible."""

    def words(name: str) -> tuple[str, ...]:
        return tuple(filter(None, (one.strip() for one in environ.get(name, "").split(","))))

    def is_true(name: str) -> bool | None:
        return environ[name].strip().lower() in _TRUE if name in environ else None

    levels = tuple(
        (name, level) for level in _LEVELS for name in words(f"HADOLINT_OVERRIDE_{level.upper()}")
    )
    labels = tuple(
        (name, _checked("HADOLINT_REQUIRE_LABELS", kind or "text", LABEL_TYPES))
        for name, _, kind in (one.partition(":") for one in words("HADOLINT_REQUIRE_LABELS"))
    )
    threshold = environ.get("HADOLINT_FAILURE_THRESHOLD") or None
    if threshold is not None:
        _checked("HADOLINT_FAILURE_THRESHOLD", threshold, THRESHOLDS)
    formats = words("HADOLINT_FORMAT")
    for one in formats:
        _checked("HADOLINT_FORMAT", one, tuple(FORMS))
    return Layer(
        threshold=threshold,
        no_fail=is_true("HADOLINT_NOFAIL"),
        no_color=True if "NO_COLOR" in environ else None,
        verbose=is_true("HADOLINT_VERBOSE"),
        strict_labels=is_true("HADOLINT_STRICT_LABELS"),
        disable_pragma=is_true("HADOLINT_DISABLE_IGNORE_PRAGMA"),
        formats=formats,
        ignored=words("HADOLINT_IGNORE"),
        levels=levels,
        registries=words("HADOLINT_TRUSTED_REGISTRIES"),
        labels=labels,
    )


def _checked(name: str, value: str, choices: tuple[str, ...]) -> str:
    if value not in choices:
        raise ConfigurationError(f"{name}: {value} is none of {', '.join(choices)}")
    return value
