"""Modes of --chmod, octal and symbolic, as chmod(1) with an umask of 0 reads them."""

from __future__ import annotations

import pytest

from lithify.errors import BuildError
from lithify.executor.ops.chmod import parse_chmod


@pytest.mark.parametrize(
    ("text", "before", "after"),
    [
        ("", 0o644, 0o644),
        ("755", 0o644, 0o755),
        ("0", 0o644, 0),
        ("07777", 0o644, 0o7777),
        ("u+x", 0o640, 0o740),
        ("go-r", 0o644, 0o600),
        ("a=r", 0o755, 0o444),
        ("+x", 0o640, 0o751),
        ("u=rwx,g+w,o+r", 0o640, 0o764),
        ("go=u,go-w,a+rX", 0o700, 0o755),
        ("go=u,go-w,a+rX", 0o600, 0o644),
        ("a+X", 0o644, 0o644),
        ("u=rw,go=r,a+X", 0o755, 0o755),
        ("u=rwx,go=rX", 0o644, 0o744),
        ("u+s,g+s,+t", 0o755, 0o7755),
        ("u-s", 0o4755, 0o755),
        ("ug=", 0o6755, 0o005),
        ("u=rw", 0o4755, 0o655),
        ("o=g-w", 0o660, 0o664),
        ("u+r-w", 0o200, 0o400),
    ],
)
def test_a_mode_changes_a_file_as_chmod_does(text: str, before: int, after: int) -> None:
    assert oct(parse_chmod(text).applied(before, is_directory=False)) == oct(after)


def test_capital_x_makes_directories_searchable() -> None:
    assert parse_chmod("u=rwX,go=rX").applied(0o600, is_directory=True) == 0o755


def test_special_bits_of_a_directory_stay_unless_they_are_named() -> None:
    assert parse_chmod("u=rwx,g=rx").applied(0o2770, is_directory=True) == 0o2750
    assert parse_chmod("g-s").applied(0o2770, is_directory=True) == 0o770


@pytest.mark.parametrize(
    "text", ["64a", "10000", "8", "u", "u+q", "z+x", "u+x,", "-1", "0x1", " 7"]
)
def test_anything_else_is_refused_in_the_words_of_the_reference(text: str) -> None:
    with pytest.raises(BuildError, match=f"invalid chmod parameter: '{text}'".replace("+", r"\+")):
        parse_chmod(text)
