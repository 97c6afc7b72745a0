"""Owns what can be written at the cursor: instructions, flags and their values, stages, variables, paths, users.

A line that is being written is seldom an instruction yet, so it is the text before the cursor that counts, not the tree;
what the tree knows of the lines above gives the names. It refuses to rank: an editor does, by what is typed.

Specification: sections 1.4, 1.9, 2.4 and 3.2.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.editing import vocabulary
from lithify.compiler.editing.facts import NoFacts
from lithify.compiler.editing.names import AUTOMATIC
from lithify.compiler.editing.paths import context_paths, stage_paths, users
from lithify.compiler.lint.registry import RULES
from lithify.compiler.lower.mount_fields import SHARINGS
from lithify.grammar.flags import FLAGS, FlagKind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from lithify.cache.ports import ResolvedImage
    from lithify.compiler.editing.document import Document, Typed
    from lithify.compiler.editing.facts import BuildFacts

_VARIABLE = re.compile(r"(?<!\\)\$(\{?)(\w*)$", re.ASCII)
_IGNORE = re.compile(r"#\s*lithify:\s*ignore(?:-stage|-file)?\s*\[(?:[^\]]*,)?\s*([\w-]*)$")
_DIRECTIVE = re.compile(r"#\s*(\w*)$")
_WORD = re.compile(r"\S*$")
_SHELL_FORMS = ('["/bin/bash", "-o", "pipefail", "-c"]', '["/bin/sh", "-c"]')
_CHOICES = {
    ("RUN", "network"): ("default", "none", "host"),
    ("RUN", "security"): ("sandbox", "insecure"),
    ("FROM", "platform"): vocabulary.PLATFORMS,
}
_BARE_KEYS = frozenset(("readonly", "readwrite", "required"))
_NO_FACTS = NoFacts()


class Item(NamedTuple):
    """Something to write: `text` takes the place of what stands between `start` and the cursor.

    `kind` is keyword, property, value, variable, stage, image, file, folder, user or rule."""

    label: str
    kind: str
    start: int
    text: str
    detail: str = ""
    documentation: str = ""


def completions(document: Document, offset: int, facts: BuildFacts = _NO_FACTS) -> tuple[Item, ...]:
    """What can be written at an offset, each once."""
    typed = document.typed(offset)
    found = _Completing(document, typed, offset, facts).items()
    return tuple({one.label: one for one in found}.values())


class _Completing:
    """One question: a line up to the cursor."""

    def __init__(self, document: Document, typed: Typed, offset: int, facts: BuildFacts) -> None:
        self._document = document
        self._typed = typed
        self._offset = offset
        self._facts = facts
        self._source = ""

    def items(self) -> Iterator[Item]:
        text = self._typed.text
        if self._typed.is_comment:
            yield from self._comment(text)
            return
        if match := _VARIABLE.search(text):
            yield from self._variables(match[2], is_braced=bool(match[1]))
            return
        if self._typed.in_body:
            return
        yield from self._line(text.lstrip())

    def _item(self, label: str, kind: str, typed: str, detail: str = "", more: str = "") -> Item:
        return Item(label, kind, self._offset - len(typed), label, detail, more)

    # -- comments --------------------------------------------------------------------------------

    def _comment(self, text: str) -> Iterator[Item]:
        if match := _IGNORE.search(text):
            for rule in RULES:
                yield self._item(rule.slug, "rule", match[1], rule.name)
            return
        first = self._document.file.instructions[:1]
        is_top = not first or self._offset < first[0].span.start
        if (match := _DIRECTIVE.match(text)) and match.end() == len(text):
            words = dict(vocabulary.DIRECTIVES) if is_top else {}
            for name, what in words.items():
                yield self._item(f"{name}=", "property", match[1], what)
            yield self._item("lithify: ignore[", "property", match[1], "silence a rule here")

    # -- lines -----------------------------------------------------------------------------------

    def _line(self, text: str) -> Iterator[Item]:
        keyword, blank, rest = _partition(text)
        if not blank:
            yield from self._keywords(keyword)
            return
        name = keyword.upper()
        if name == "ONBUILD":
            yield from self._line(rest)
            return
        word = _WORD.search(rest)
        current = word[0] if word else ""
        before = rest[: len(rest) - len(current)]
        words = before.split()
        if current.startswith("-") and all(one.startswith("--") for one in words):
            yield from self._flag(name, current, words)
            return
        source = next((one[7:] for one in words if one.lower().startswith("--from=")), "")
        self._source = source
        arguments = [one for one in words if not one.startswith("--")]
        if not arguments and not current:
            yield from self._flags(name, "", words)
        complete = _ARGUMENTS.get(name)
        if complete is not None:
            yield from complete(self, arguments, current)

    def _keywords(self, typed: str) -> Iterator[Item]:
        is_lower = typed.islower()
        for name, (form, what) in vocabulary.INSTRUCTIONS.items():
            yield self._item(name.lower() if is_lower else name, "keyword", typed, form, what)

    # -- flags -----------------------------------------------------------------------------------

    def _flags(self, name: str, typed: str, given: Iterable[str]) -> Iterator[Item]:
        used = {one[2:].partition("=")[0] for one in given}
        for flag, kind in FLAGS.get(name, {}).items():
            if flag in used and kind is not FlagKind.REPEATED:
                continue
            label = f"--{flag}" if kind is FlagKind.BOOL else f"--{flag}="
            yield self._item(label, "property", typed, vocabulary.FLAGS.get((name, flag), ""))

    def _flag(self, name: str, current: str, given: list[str]) -> Iterator[Item]:
        flag, equals, value = current[2:].partition("=")
        if not equals:
            yield from self._flags(name, current, given)
        elif (name, flag) in _CHOICES:
            for one in _CHOICES[name, flag]:
                yield self._item(one, "value", value)
        elif flag == "from":
            yield from self._sources(value)
        elif flag == "mount":
            yield from self._mount(value)
        elif flag == "chown":
            yield from self._users(value)
        elif FLAGS.get(name, {}).get(flag) is FlagKind.BOOL:
            for one in ("true", "false"):
                yield self._item(one, "value", value)

    def _mount(self, value: str) -> Iterator[Item]:
        done, _, current = value.rpartition(",")
        given = dict(_pair(one) for one in done.split(",") if one)
        key, equals, typed = current.partition("=")
        if not equals:
            yield from self._mount_keys(given, current)
        elif key == "type":
            for name, what in vocabulary.MOUNT_TYPES.items():
                yield self._item(name, "value", typed, what)
        elif key == "sharing":
            yield from (self._item(name, "value", typed) for name in SHARINGS)
        elif key == "from":
            yield from self._sources(typed)
        elif key in ("source", "src"):
            self._source = given.get("from", "")
            yield from self._copied([], typed)
        elif key in ("target", "dst", "destination"):
            yield from self._paths_of(self._document.stage_number(self._offset), typed)

    def _mount_keys(self, given: Mapping[str, str], typed: str) -> Iterator[Item]:
        if "type" not in given:
            yield self._item("type=", "property", typed, "the kind of the mount")
        kind = given.get("type", "bind")
        for name, (what, kinds) in vocabulary.MOUNT_KEYS.items():
            if kind in kinds and name not in given:
                label = name if name in _BARE_KEYS else f"{name}="
                yield self._item(label, "property", typed, what)

    # -- names -----------------------------------------------------------------------------------

    def _variables(self, typed: str, *, is_braced: bool) -> Iterator[Item]:
        document = self._document
        known: Mapping[str, str] = document.variables_at(self._offset)
        if self._typed.text.lstrip()[:5].upper() in ("FROM ", "FROM\t"):
            known = document.context.scope.variables if document.context.scope else {}
        close = "}" if is_braced and document.text[self._offset : self._offset + 1] != "}" else ""
        for name, value in known.items():
            start = self._offset - len(typed)
            yield Item(name, "variable", start, name + close, value)

    def _stages(self, typed: str, before: int | None) -> Iterator[Item]:
        for number, section in enumerate(self._document.stages[:before]):
            source = section.source
            if source is not None and source.alias is not None:
                detail = f"stage {number + 1}: FROM {source.image.text}"
                yield self._item(source.alias.text, "stage", typed, detail)

    def _sources(self, typed: str) -> Iterator[Item]:
        """What can stand after `from`: the stages above, and images."""
        yield from self._stages(typed, self._document.stage_number(self._offset))
        yield from self._images(typed)

    def _images(self, typed: str) -> Iterator[Item]:
        for name in self._facts.images():
            yield self._item(name, "image", typed, "at hand")

    def _bases(self, arguments: list[str], current: str) -> Iterator[Item]:
        if len(arguments) == 1:
            yield self._item("AS", "keyword", current, "names the stage")
        elif not arguments:
            number = self._document.stage_number(self._offset)
            here = self._document.at(self._offset)
            before = number if here is not None or number is None else number + 1
            yield from self._stages(current, before)
            yield self._item("scratch", "image", current, "nothing at all")
            yield from self._images(current)

    def _declared(self, arguments: list[str], current: str) -> Iterator[Item]:
        """What `ARG NAME` can bring into a stage: the arguments of the whole file, and automatic ones."""
        if "=" in current:
            return
        for name in self._document.context.head_names:
            yield self._item(name, "variable", current, "declared before the first FROM")
        for name in sorted(AUTOMATIC):
            yield self._item(name, "variable", current, "set by the builder")

    def _users(self, typed: str) -> Iterator[Item]:
        for name, detail in users(self._document, self._offset):
            yield self._item(name, "user", typed, detail)

    # -- paths -----------------------------------------------------------------------------------

    def _copied(self, arguments: list[str], current: str) -> Iterator[Item]:
        """Sources, and behind the first of them also destinations."""
        source = self._source
        if source:
            number = self._document.stage_meant(source)
            image = self._facts.image(source) if number is None else None
            yield from self._paths_of(number, current, image)
        else:
            for path in context_paths(self._document.context, current):
                kind = "folder" if path.endswith("/") else "file"
                yield self._item(path, kind, current, "in the build context")
        if arguments:
            yield from self._paths_of(self._document.stage_number(self._offset), current)

    def _paths_of(
        self, number: int | None, typed: str, image: ResolvedImage | None = None
    ) -> Iterator[Item]:
        for path, detail in stage_paths(self._document, number, image, typed):
            kind = "folder" if path.endswith("/") else "file"
            yield self._item(path, kind, typed, detail)

    def _directories(self, arguments: list[str], current: str) -> Iterator[Item]:
        number = self._document.stage_number(self._offset)
        yield from (one for one in self._paths_of(number, current) if one.kind == "folder")

    def _user(self, arguments: list[str], current: str) -> Iterator[Item]:
        yield from self._users(current)

    def _signals(self, arguments: list[str], current: str) -> Iterator[Item]:
        for name in vocabulary.SIGNALS:
            yield self._item(name, "value", current)

    def _shells(self, arguments: list[str], current: str) -> Iterator[Item]:
        for form in _SHELL_FORMS if not arguments else ():
            yield self._item(form, "value", current)

    def _checks(self, arguments: list[str], current: str) -> Iterator[Item]:
        for name in ("CMD", "NONE") if not arguments else ():
            yield self._item(name, "keyword", current)


_ARGUMENTS: Mapping[str, Callable[[_Completing, list[str], str], Iterator[Item]]] = {
    "FROM": _Completing._bases,
    "COPY": _Completing._copied,
    "ADD": _Completing._copied,
    "ARG": _Completing._declared,
    "USER": _Completing._user,
    "WORKDIR": _Completing._directories,
    "VOLUME": _Completing._directories,
    "STOPSIGNAL": _Completing._signals,
    "SHELL": _Completing._shells,
    "HEALTHCHECK": _Completing._checks,
}


def _partition(text: str) -> tuple[str, str, str]:
    """A keyword, the blank behind it, and what follows."""
    match = re.match(r"(\S*)(\s*)(.*)", text, re.DOTALL)
    assert match is not None, "everything is optional"
    return match[1], match[2], match[3]


def _pair(text: str) -> tuple[str, str]:
    key, _, value = text.partition("=")
    return key.lower(), value
