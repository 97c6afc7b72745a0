"""A process's output reaches its listener whole, and its end is kept for errors."""

from __future__ import annotations

import os

from lithify.executor.ops.output import Output


def test_everything_written_is_emitted_before_finish_returns() -> None:
    seen: list[tuple[str, bytes]] = []
    with Output(lambda stream, data: seen.append((stream, data))) as output:
        os.write(output.stdout, b"out")
        os.write(output.stderr, b"err")
        output.finish()
        assert sorted(seen) == [("stderr", b"err"), ("stdout", b"out")]


def test_the_tail_holds_the_last_lines_without_blank_ones() -> None:
    with Output(lambda *_: None) as output:
        os.write(output.stdout, b"".join(b"line %d\r\n\n" % n for n in range(40)))
        output.finish()
        assert output.tail(3) == ("line 37", "line 38", "line 39")


def test_the_tail_does_not_grow_without_bound() -> None:
    with Output(lambda *_: None) as output:
        for _ in range(64):
            os.write(output.stdout, b"x" * 16384 + b"\n")
        output.finish()
        assert sum(len(line) for line in output.tail(10_000)) <= 3 * 65536


def test_bytes_that_are_no_text_do_no_harm() -> None:
    with Output(lambda *_: None) as output:
        os.write(output.stdout, b"\xff\xfe\n")
        output.finish()
        assert output.tail() == ("\ufffd\ufffd",)


def test_an_endless_line_is_shown_by_its_end() -> None:
    seen: list[bytes] = []
    with Output(lambda _, data: seen.append(data)) as output:
        with open(os.dup(output.stderr), "wb") as pipe:
            pipe.write(b"x" * 300_000 + b" fatal: out of cheese\n")
        output.finish()
        (line,) = output.tail()
    assert sum(map(len, seen)) > 300_000
    assert line.startswith("...x")
    assert line.endswith(" fatal: out of cheese")
    assert len(line) == 403
