"""Triggers, mount options, and where lark's tables are kept."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from lithify.errors import SourceError, SourceText, Span
from lithify.grammar.ast import Copy, Run
from lithify.grammar.parser import parse_mount, parse_trigger

if TYPE_CHECKING:
    from pathlib import Path

SOURCE = SourceText("Dockerfile", "FROM base\n")
PLACE = Span(SOURCE, 0, 9)


def test_every_place_in_a_trigger_is_that_of_the_from() -> None:
    copy = parse_trigger("COPY --from=x <<E b\\\n /d\nbody\nE", SOURCE, PLACE)
    assert isinstance(copy, Copy)
    words = (*copy.sources, copy.destination, copy.keyword, *copy.flags, *copy.heredocs)
    assert {word.span for word in words} == {PLACE}
    assert copy.span == PLACE
    assert copy.heredocs[0].content == "body\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "onbuild trigger should be a single expression"),
        ("RUN a\nRUN b", "onbuild trigger should be a single expression"),
        ("FROM x", "FROM isn't allowed as an ONBUILD trigger"),
        ("ONBUILD RUN x", "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed"),
        ("CPOY a b", "unknown instruction: CPOY (did you mean COPY?)"),
        ("RUN --x y", "unknown flag: --x"),
        ("RUN <<E\nx", "unterminated heredoc"),
    ],
)
def test_a_wrong_trigger_is_refused_at_the_from(text: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        parse_trigger(text, SOURCE, PLACE)
    assert (caught.value.message, caught.value.span) == (message, PLACE)


def test_a_trigger_is_read_with_the_default_escape() -> None:
    run = parse_trigger("RUN a `\\\n b", SOURCE, PLACE)
    assert isinstance(run, Run)
    assert run.rest == "a ` b"


@pytest.mark.parametrize(
    ("value", "options"),
    [
        ("type=cache,target=/x", (("type", "cache"), ("target", "/x"))),
        ("TYPE=bind,ro", (("type", "bind"), ("ro", None))),
        ('"target=/a,b",id="', None),
        ('"target=/a,b",rw', (("target", "/a,b"), ("rw", None))),
        ('"id=a""b"', (("id", 'a"b'),)),
        ("a=b=c,,d=", (("a", "b=c"), ("", None), ("d", ""))),
        ('a="b', None),
        ('"a"b', None),
        ("", None),
    ],
)
def test_mount_options_are_one_csv_record(
    value: str, options: tuple[tuple[str, str | None], ...] | None
) -> None:
    if options is None:
        with pytest.raises(SourceError, match="failed to parse csv mounts") as caught:
            parse_mount(value, PLACE)
        assert caught.value.span == PLACE
    else:
        assert parse_mount(value, PLACE) == options


PARSE = """
from lithify.errors import SourceText
from lithify.grammar.parser import parse
import sys
assert "lark" not in sys.modules
assert not parse(SourceText("Dockerfile", "FROM a\\nENV b=\\\\$c\\n")).errors
"""


def parse_elsewhere(cache: Path) -> None:
    env = {**os.environ, "XDG_CACHE_HOME": str(cache), "PYTHONPATH": os.pathsep.join(sys.path)}
    subprocess.run([sys.executable, "-c", PARSE], env=env, check=True)


def test_the_tables_are_kept_in_a_private_directory(tmp_path: Path) -> None:
    parse_elsewhere(tmp_path)
    (kept,) = (tmp_path / "lithify").iterdir()
    before = kept.stat().st_mtime_ns
    parse_elsewhere(tmp_path)
    assert kept.stat().st_mtime_ns == before


def test_damaged_tables_are_made_again(tmp_path: Path) -> None:
    parse_elsewhere(tmp_path)
    (kept,) = (tmp_path / "lithify").iterdir()
    kept.write_bytes(kept.read_bytes()[:500])
    parse_elsewhere(tmp_path)
    assert len(kept.read_bytes()) > 500


def test_a_directory_that_others_may_write_is_not_used(tmp_path: Path) -> None:
    folder = tmp_path / "lithify"
    folder.mkdir()
    folder.chmod(0o777)
    parse_elsewhere(tmp_path)
    assert not list(folder.iterdir())
