"""Owns the changes of scripts that rules propose: an option more, another word, one command at the end.

Every change is an edit of the Dockerfile's own text, so that it must be known that the text is what the shell reads.
Where a word is put together by JSON escapes or across lines, nothing is proposed. It refuses to rewrite scripts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Edit, Fix
from lithify.errors import Span

if TYPE_CHECKING:
    from lithify.compiler.lint.commands.runs import Executed
    from lithify.compiler.shell.model import ShellWord


def insert_after(run: Executed, word: ShellWord, text: str, *, is_safe: bool = True) -> list[Fix]:
    """A word more behind another; none where that cannot be written plainly."""
    place = plain_place(run, word)
    if place is None:
        return []
    edit = Edit(Span(place.source, place.end, place.end), f" {text}")
    return [Fix(f"Add {text}", (edit,), is_safe)]


def replace_word(run: Executed, word: ShellWord, text: str) -> list[Fix]:
    """Another word in the place of one."""
    place = plain_place(run, word)
    return [] if place is None else [Fix(f"Write {text}", (Edit(place, text),))]


def remove_word(run: Executed, word: ShellWord, following: ShellWord) -> list[Fix]:
    """The script without a word and the blanks behind it. Not safe: what remains does something else."""
    place, rest = plain_place(run, word), plain_place(run, following)
    if place is None or rest is None:
        return []
    gap = Span(place.source, place.start, rest.start)
    if gap.text != run.script.text[word.start : following.start]:
        return []
    return [Fix(f"Remove {word.text}", (Edit(gap, ""),), is_safe=False)]


def append_command(run: Executed, command: str) -> list[Fix]:
    """One more command at the end. Not safe: it may be in the wrong place, or what it removes may be wanted."""
    end = plain_end(run)
    if end is None:
        return []
    is_body = bool(run.instruction.heredocs)
    text = f"{command}\n" if is_body else f" && {command}"
    return [Fix(f"Add {command}", (Edit(end, text),), is_safe=False)]


def plain_end(run: Executed) -> Span | None:
    """Where a command can be added: behind the last one of a line, or the last line of a heredoc's body."""
    script = run.script
    if run.is_exec or not script.commands:
        return None
    heredocs = run.instruction.heredocs
    if heredocs:
        body = heredocs[0].body_span
        is_body = len(heredocs) == 1 and not heredocs[0].chomp and body.text == script.text
        return Span(body.source, body.end, body.end) if is_body else None
    end = max(command.end for command in script.commands)
    if script.text[end:].strip():
        return None
    last = script.span_of(end - 1, end)
    return Span(last.source, last.end, last.end)


def plain_place(run: Executed, word: ShellWord) -> Span | None:
    """The place of a word that stands in the file exactly as in the script."""
    if run.is_exec:
        return None
    place = run.script.span(word)
    return place if place.text == run.script.text[word.start : word.end] else None
