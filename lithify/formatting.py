"""Owns formatting of files: what `.editorconfig` asks for, reading and writing.

The format itself is of the grammar; here are its effects. Bytes that are no UTF-8 come out as they went in. It refuses
what is no ordinary file.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from lithify.errors import ConfigurationError, LithifyError, SourceText
from lithify.grammar.format import FormatOptions, apply_edits, format_text
from lithify.rewriting import replace_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lithify.grammar.formatting.model import LineEnding

_ENCODING = "utf-8"
_ERRORS = "surrogateescape"
_WIDEST_INDENT = 16


class Choices(NamedTuple):
    """What the caller chose; None leaves it to `.editorconfig` and the defaults. `indent` counts blanks."""

    indent: int | None = None
    line_ending: LineEnding | None = None
    lines: tuple[int, int] | None = None


class Formatted(NamedTuple):
    """A text before and after."""

    name: str
    before: str
    after: str

    @property
    def is_changed(self) -> bool:
        return self.before != self.after

    @property
    def data(self) -> bytes:
        """The text after, in the bytes of a file."""
        return self.after.encode(_ENCODING, _ERRORS)


def format_file(path: str, choices: Choices) -> Formatted:
    """Read and format a file; nothing is written. Raises SourceErrors, ConfigurationError, LithifyError."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):
            raise LithifyError(f"{path} is not a file")
        with open(path, "rb") as file:
            data = file.read()
    except (OSError, ValueError) as error:
        raise LithifyError(f"cannot read {path}: {_reason(error)}") from error
    return format_data(path, data, choices, place=path)


def format_data(name: str, data: bytes, choices: Choices, *, place: str) -> Formatted:
    """Format the bytes of a file as one that lies at `place`. Raises SourceErrors, ConfigurationError."""
    source = SourceText(name, data.decode(_ENCODING, _ERRORS))
    edits = format_text(source, options_at(place, choices), lines=choices.lines)
    return Formatted(name, source.text, apply_edits(source.text, edits))


def options_at(path: str, choices: Choices) -> FormatOptions:
    """The options for a file: what was chosen, then `.editorconfig`, then the defaults.

    Raises ConfigurationError for values of `.editorconfig` that make no sense."""
    options = _from_editorconfig(_properties(path), path)
    if choices.indent is not None:
        options = options._replace(indent=" " * choices.indent)
    if choices.line_ending is not None:
        options = options._replace(line_ending=choices.line_ending)
    return options


def _properties(path: str) -> Mapping[str, str]:
    from editorconfig import EditorConfigError, get_properties

    try:
        return dict(get_properties(os.path.abspath(path)))
    except (EditorConfigError, OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f".editorconfig for {path}: {_reason(error)}") from error


def _from_editorconfig(properties: Mapping[str, str], path: str) -> FormatOptions:
    options = FormatOptions()
    size = properties.get("indent_size", "unset")
    size = properties.get("tab_width", "unset") if size == "tab" else size
    if properties.get("indent_style") == "tab":
        options = options._replace(indent="\t")
    elif size != "unset":
        options = options._replace(indent=" " * _number("indent_size", size, path, _WIDEST_INDENT))
    ending = properties.get("end_of_line", "unset")
    if ending == "lf":
        options = options._replace(line_ending="lf")
    elif ending == "crlf":
        options = options._replace(line_ending="crlf")
    elif ending != "unset":
        raise _senseless("end_of_line", ending, path, "a Dockerfile has lf or crlf")
    width = properties.get("max_line_length", "unset")
    if width != "unset":
        most = None if width == "off" else _number("max_line_length", width, path)
        options = options._replace(width=most)
    final = properties.get("insert_final_newline", "unset")
    if final not in ("true", "false", "unset"):
        raise _senseless("insert_final_newline", final, path, "it is true or false")
    return options._replace(final_newline=final != "false")


def _number(key: str, value: str, path: str, most: int | None = None) -> int:
    if not value.isascii() or not value.isdigit() or len(value) > 6:
        raise _senseless(key, value, path, "it is a number")
    if most is not None and int(value) > most:
        raise _senseless(key, value, path, f"the most is {most}")
    return int(value)


def _senseless(key: str, value: str, path: str, hint: str) -> ConfigurationError:
    return ConfigurationError(f".editorconfig for {path}: {key} = {value}", hint=hint)


def write_file(path: str, formatted: Formatted) -> None:
    """Put a formatted text into its file in one step; a link stays one, and so does the mode. Raises LithifyError."""
    try:
        replace_file(path, formatted.data)
    except OSError as error:
        raise LithifyError(f"cannot write {path}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if isinstance(error, OSError):
        return (error.strerror or str(error)).lower()
    return str(error).replace("\n", " ")
