"""A context that was cloned again, in another order, at another time, by somebody else, is the same context."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lithify.cli.main import main
from lithify.errors import Cancelled
from lithify.executor.perturb.context import clone_context

if TYPE_CHECKING:
    from collections.abc import Mapping

_NAMES = st.text("abé -*", min_size=1, max_size=4).filter(lambda name: name.strip(" ") == name)
_TREES = st.recursive(
    st.tuples(st.binary(max_size=40), st.sampled_from((0o644, 0o755, 0o600))),
    lambda inner: st.dictionaries(_NAMES, inner, max_size=4),
    max_leaves=8,
)


def _write(place: Path, tree: Mapping[str, object]) -> None:
    place.mkdir()
    for name, content in tree.items():
        if isinstance(content, dict):
            _write(place / name, content)
            continue
        assert isinstance(content, tuple)
        (place / name).write_bytes(content[0])
        (place / name).chmod(content[1])


def _nothing() -> None:
    """Never stops a copy."""


@pytest.mark.root
@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    tree=st.dictionaries(_NAMES, _TREES, min_size=1, max_size=4),
    time_s=st.integers(0, 2**32),
    owner=st.one_of(st.none(), st.integers(1, 60000)),
)
def test_an_epoch_shifted_recloned_reordered_context_never_changes_a_digest(
    tree: Mapping[str, object],
    time_s: int,
    owner: int | None,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("clone")
    _write(folder / "context", tree)
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY . /\nADD --chown=1:2 . /owned/\n")
    clone_context(folder / "context", folder / "clone", time_s=time_s, owner=owner, check=_nothing)
    digests = []
    for name in ("context", "clone"):
        words = ["build", "-q", "-f", str(folder / "Dockerfile"), "--iidfile", str(folder / "iid")]
        assert main(["--root", str(folder / f"store-{name}"), *words, str(folder / name)]) == 0
        digests.append((folder / "iid").read_text())
    assert digests[0] == digests[1]


def test_a_clone_holds_the_same_with_other_times(tmp_path: Path) -> None:
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "sub" / "file").write_text("text")
    (source / "sub" / "file").chmod(0o750)
    os.link(source / "sub" / "file", source / "twin")
    (source / "link").symlink_to("nowhere")
    os.mkfifo(source / "fifo")
    clone = tmp_path / "clone"
    clone_context(source, clone, time_s=1000, owner=None, check=_nothing)
    assert sorted(str(one.relative_to(clone)) for one in clone.rglob("*")) == [
        "fifo",
        "link",
        "sub",
        "sub/file",
        "twin",
    ]
    assert (clone / "twin").samefile(clone / "sub" / "file")
    assert (clone / "twin").read_text() == "text"
    assert stat.S_IMODE((clone / "twin").stat().st_mode) == 0o750
    assert os.readlink(clone / "link") == "nowhere"
    assert all(one.lstat().st_mtime < 2000 for one in (clone, *clone.rglob("*")))


def test_a_read_only_directory_is_cloned(tmp_path: Path) -> None:
    (tmp_path / "source" / "closed").mkdir(parents=True)
    (tmp_path / "source" / "closed" / "file").write_text("in")
    (tmp_path / "source" / "closed").chmod(0o555)
    clone_context(tmp_path / "source", tmp_path / "clone", time_s=0, owner=None, check=_nothing)
    assert (tmp_path / "clone" / "closed" / "file").read_text() == "in"
    assert stat.S_IMODE((tmp_path / "clone" / "closed").stat().st_mode) == 0o555


def test_a_copy_can_be_stopped(tmp_path: Path) -> None:
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "file").write_text("")

    def stop() -> None:
        raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        clone_context(tmp_path / "source", tmp_path / "clone", time_s=0, owner=None, check=stop)
