"""Owns the list of a store's images: a row for each, damaged ones included, and the filters of docker's `images`.

One image that cannot be read must not hide the others, so its row says what is wrong with it. It refuses to fetch and
to render.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from lithify.cache.reference import parse_reference
from lithify.errors import ContentError, ImageNotFound, LithifyError, UsageError
from lithify.images import resolve
from lithify.requests import ImageSummary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lithify.cache.images import NamedImage
    from lithify.cache.store import Store

    Test = Callable[[ImageSummary], bool]

FILTERS = ("reference", "before", "since", "label", "dangling")
_NONE = "<none>"
_TRUE = frozenset(("1", "t", "true", "T", "TRUE", "True"))
_FALSE = frozenset(("0", "f", "false", "F", "FALSE", "False"))


def list_images(store: Store, filters: Sequence[tuple[str, str]] = ()) -> tuple[ImageSummary, ...]:
    """The images of a store that pass all filters, newest first; an index shows this machine's platform.

    Several `reference` filters pass what one of them passes. Raises UsageError (unknown or wrong filter),
    ImageNotFound (`before`, `since`)."""
    rows = tuple(_row(store, image) for image in store.images.list())
    tests = [_test(key, value, store, rows) for key, value in filters if key != "reference"]
    patterns = [_glob(value) for key, value in filters if key == "reference"]
    if patterns:
        tests.append(lambda row: any(_matches(row, pattern) for pattern in patterns))
    return tuple(row for row in rows if all(test(row) for test in tests))


def _row(store: Store, image: NamedImage) -> ImageSummary:
    repository, tag = _NONE, _NONE
    if image.name:
        reference = parse_reference(image.name)
        repository, tag = reference.familiar_name, reference.tag or _NONE
    summary = ImageSummary(
        repository, tag, image.descriptor.digest, "", image.created, image.size, "", image.stored
    )
    try:
        resolved = resolve(store, image.name or image.descriptor.digest)
    except (ContentError, ImageNotFound) as error:
        return replace(summary, problem=error.message)
    return replace(
        summary,
        config_digest=resolved.config_digest,
        platform=str(resolved.config.platform),
        labels=resolved.config.config.labels,
    )


def _test(key: str, value: str, store: Store, rows: Iterable[ImageSummary]) -> Test:
    if key == "dangling":
        wanted = _boolean(value)
        return lambda row: (row.repository == _NONE) is wanted
    if key == "label":
        name, equals, text = value.partition("=")
        if equals:
            return lambda row: (name, text) in row.labels
        return lambda row: any(label == name for label, _ in row.labels)
    if key in ("before", "since"):
        moment = _moment(_named(value, store, rows))
        if key == "before":
            return lambda row: _moment(row) < moment
        return lambda row: _moment(row) > moment
    raise _unknown(key)


def _unknown(key: str) -> LithifyError:
    return UsageError(f"invalid filter '{key}'", hint=f"known filters: {', '.join(FILTERS)}")


def _boolean(text: str) -> bool:
    if text not in _TRUE | _FALSE:
        raise UsageError(
            f"invalid filter 'dangling={text}'", hint="dangling=true or dangling=false"
        )
    return text in _TRUE


def _named(name: str, store: Store, rows: Iterable[ImageSummary]) -> ImageSummary:
    found = store.images.get(name)
    for row in rows:
        if found is not None and row.digest == found.digest:
            return row
    raise ImageNotFound(f"no such image: {name}", hint="`lithify images` lists what is there")


def _moment(row: ImageSummary) -> tuple[str, float]:
    """When an image was made; of reproducible ones, whose times are equal, when it came."""
    return row.created, row.stored


def _matches(row: ImageSummary, pattern: re.Pattern[str]) -> bool:
    """Against name and tag, or the name alone, in the short form that is shown."""
    if row.repository == _NONE:
        return False
    return bool(pattern.match(f"{row.repository}:{row.tag}") or pattern.match(row.repository))


def _glob(pattern: str) -> re.Pattern[str]:
    """Go's path.Match: `*` and `?` stop at slashes. Raises UsageError."""
    out, at = "", 0
    while at < len(pattern):
        one = pattern[at]
        if one == "[":
            end = pattern.find("]", at + 2)
            if end < 0:
                raise UsageError(f"invalid filter 'reference={pattern}': a '[' without ']'")
            inner = pattern[at + 1 : end]
            negated = inner.startswith("^")
            escaped = re.escape(inner.removeprefix("^")).replace(r"\-", "-")
            out += f"[{'^' if negated else ''}{escaped}]"
            at = end
        elif one == "\\" and at + 1 < len(pattern):
            at += 1
            out += re.escape(pattern[at])
        else:
            out += {"*": "[^/]*", "?": "[^/]"}.get(one, re.escape(one))
        at += 1
    try:
        return re.compile(out + r"\Z")
    except re.error as error:
        raise UsageError(f"invalid filter 'reference={pattern}': {error}") from error
