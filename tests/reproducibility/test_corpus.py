"""The corpus is large enough, says what it expects, and its fast part is as reproducible as it says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from lithify.cli.main import main
from lithify.executor.compare import causes


@pytest.mark.root
def test_a_dockerfile_is_as_reproducible_as_it_says(
    fast_case: Any, context: Path, busybox_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    apart = "2" if fast_case.differs else "0"
    words = ["prove", "-q", "--json", "--apart", apart, *fast_case.arguments(context)]
    status = main(["--root", str(busybox_store), *words])
    proof = json.loads(capsys.readouterr().out)
    assert (status, proof["identical"]) == ((1, False) if fast_case.differs else (0, True)), proof
    assert proof["causes"] == ([fast_case.differs] if fast_case.differs else [])


def test_the_corpus_has_sixty_dockerfiles_of_which_nine_in_ten_are_to_be_identical(
    cases: Any,
) -> None:
    corpus = cases.read_cases()
    assert len(corpus) >= 60
    assert sum(not one.differs for one in corpus) >= 0.9 * len(corpus)
    assert len({one.stratum for one in corpus}) >= 8


def test_expected_causes_are_causes_of_the_table(cases: Any) -> None:
    known = {rule.cause.name for rule in causes.RULES}
    assert {one.differs for one in cases.read_cases()} - {""} <= known


def test_the_context_of_the_corpus_is_the_same_wherever_it_is_laid_out(
    cases: Any, context: Path, tmp_path: Path
) -> None:
    other = cases.lay_out(tmp_path / "other")
    assert _content(other) == _content(context)


def _content(folder: Path) -> dict[str, Any]:
    return {
        str(path.relative_to(folder)): (
            path.lstat().st_mode,
            path.read_bytes() if path.is_file() and not path.is_symlink() else b"",
        )
        for path in folder.rglob("*")
        if path.name != "nothing"
    }
