"""Owns our settings: `[tool.lithify.lint]` of pyproject.toml, or `[lint]` of lithify.toml, looked for upwards.

The nearest file counts, up to the root of the repository: a folder's rules are those of its project. Paths in it are
relative to it. It refuses keys it does not know, for a misspelt key would be obeyed by nobody.
"""

from __future__ import annotations

import os
from typing import Any

from lithify.errors import ConfigurationError, closest
from lithify.linting.formats.table import FORMS
from lithify.linting.settings import LABEL_TYPES, THRESHOLDS, Layer

NAMES = ("lithify.toml", "pyproject.toml")
PROFILES = ("default", "hadolint", "buildkit")
_LEVELS = ("error", "warning", "info", "style")
_LARGEST_BYTES = 4 * 1024 * 1024
_LISTS = {
    "ignore": "ignored",
    "select": "selected",
    "trusted-registries": "registries",
    "exclude": "exclude",
    "rules": "rule_files",
    "format": "formats",
}
_BOOLEANS = {
    "no-fail": "no_fail",
    "strict-labels": "strict_labels",
    "disable-ignore-pragma": "disable_pragma",
    "shellcheck": "shellcheck",
}
_CHOICES = {"profile": ("profile", PROFILES), "failure-threshold": ("threshold", THRESHOLDS)}
_TABLES = ("severity", "per-file-ignores", "label-schema")
KEYS = (*_LISTS, *_BOOLEANS, *_CHOICES, *_TABLES)


def find_file(folder: str) -> str:
    """The nearest file with settings for the linter, from a folder upwards; '' if there is none.

    Raises ConfigurationError for one that cannot be read."""
    here = os.path.abspath(folder)
    while True:
        for name in NAMES:
            path = os.path.join(here, name)
            if os.path.isfile(path) and _table(path) is not None:
                return os.path.relpath(path)
        above = os.path.dirname(here)
        if above == here or os.path.lexists(os.path.join(here, ".git")):
            return ""
        here = above


def read_file(path: str) -> Layer:
    """What a file says. Raises ConfigurationError that names the file and the key."""
    table = _table(path)
    if table is None:
        section = "[lint]" if os.path.basename(path) != "pyproject.toml" else "[tool.lithify.lint]"
        raise ConfigurationError(f"{path}: there is no {section} in it")
    said: dict[str, Any] = {"source": path}
    for key, value in table.items():
        if key in _LISTS:
            said[_LISTS[key]] = _texts(path, key, value)
        elif key in _BOOLEANS:
            if not isinstance(value, bool):
                raise _wrong(path, key, "true or false is wanted")
            said[_BOOLEANS[key]] = value
        elif key in _CHOICES:
            name, choices = _CHOICES[key]
            said[name] = _choice(path, key, value, choices)
        elif key in _TABLES:
            said |= _read_table(path, key, value)
        else:
            near = closest(key, KEYS)
            hint = f"did you mean {near}?" if near else f"the keys are {', '.join(KEYS)}"
            raise _wrong(path, key, "unknown key", hint)
    for one in said.get("formats", ()):
        _choice(path, "format", one, tuple(FORMS))
    folder = os.path.dirname(path)
    said["rule_files"] = tuple(os.path.join(folder, one) for one in said.get("rule_files", ()))
    return Layer(**said)


def _read_table(path: str, key: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(path, key, "a table is wanted")
    if key == "severity":
        levels = ((name, _choice(path, key, one, _LEVELS)) for name, one in value.items())
        return {"levels": tuple(levels)}
    if key == "label-schema":
        labels = (
            (name, _choice(path, key, one or "text", LABEL_TYPES)) for name, one in value.items()
        )
        return {"labels": tuple(labels)}
    found = ((pattern, _texts(path, key, names)) for pattern, names in value.items())
    return {"per_file": tuple(found)}


def _table(path: str) -> dict[str, Any] | None:
    """The linter's table of a file; None if the file has none."""
    is_shared = os.path.basename(path) == "pyproject.toml"
    try:
        with open(path, "rb") as file:
            data = file.read(_LARGEST_BYTES)
    except OSError as error:
        raise ConfigurationError(f"{path}: {(error.strerror or str(error)).lower()}") from error
    if is_shared and b"lithify" not in data:
        return None  # most projects' files are not worth loading a parser
    import tomllib

    try:
        document: Any = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ConfigurationError(f"{path}: this is no TOML: {error}") from error
    for key in ("tool", "lithify", "lint") if is_shared else ("lint",):
        document = document.get(key) if isinstance(document, dict) else None
    if document is not None and not isinstance(document, dict):
        raise ConfigurationError(f"{path}: lint: a table is wanted")
    return document


def _texts(path: str, key: str, value: Any) -> tuple[str, ...]:
    values = [value] if key == "format" and isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(one, str) for one in values):
        raise _wrong(path, key, "a list of strings is wanted")
    return tuple(values)


def _choice(path: str, key: str, value: Any, choices: tuple[str, ...]) -> str:
    if not isinstance(value, str) or value not in choices:
        raise _wrong(path, key, f"{value!r} is none of {', '.join(choices)}")
    return value


def _wrong(path: str, key: str, message: str, hint: str = "") -> ConfigurationError:
    line = _line_of(path, key)
    return ConfigurationError(f"{path}{f':{line}' if line else ''}: {key}: {message}", hint=hint)


def _line_of(path: str, key: str) -> int:
    """The line that sets a key, for people; 0 if it is not written plainly."""
    try:
        with open(path, encoding="utf-8") as file:
            lines = file.read(_LARGEST_BYTES).splitlines()
    except OSError:
        return 0
    is_ours = False
    for number, line in enumerate(lines, 1):
        text = line.strip()
        if text.startswith("["):
            is_ours = "lint" in text
            if is_ours and text.rstrip("]").endswith(f".{key}"):
                return number
        elif is_ours and text.partition("=")[0].strip().strip("\"'") == key:
            return number
    return 0
