"""`lithify du` and `lithify prune` on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from lithify.cli.main import main
from lithify.cli.times import ago, before
from lithify.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

DOCKERFILE = "FROM scratch AS build\nCOPY a /a\nFROM scratch\nCOPY --from=build /a /b\n"


class Command:
    """Runs lithify on one store and one context."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.context = root / "context"
        self.context.mkdir()
        (self.context / "Dockerfile").write_text(DOCKERFILE)
        (self.context / "a").write_text("1" * 100_000)
        self._store = root / "store"
        self._capsys = capsys

    def __call__(self, *words: str) -> tuple[int, str, str]:
        self._capsys.readouterr()
        status = main(("--root", str(self._store), *words))
        out, err = self._capsys.readouterr()
        return status, out, err

    def size(self) -> int:
        return int(json.loads(self("du", "--json")[1])["size"])


@pytest.fixture
def lithify(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    command = Command(tmp_path, capsys)
    assert command("build", "-t", "app", str(command.context))[0] == 0
    return command


def test_the_table_sums_up(lithify: Command) -> None:
    status, out, _ = lithify("du")
    rows = {line[:14].strip(): line[14:].split() for line in out.splitlines()}
    assert status == 0
    assert rows["TYPE"] == ["COUNT", "SIZE", "RECLAIMABLE"]
    assert rows["Images"][0] == "1"
    assert rows["Images"][2] == "0B"
    assert set(rows) == {
        *("TYPE", "Images", "Cached layers", "Snapshots"),
        *("File indexes", "Cache mounts", "Cache records"),
    }


def test_details_name_images_and_layers(lithify: Command) -> None:
    out = lithify("du", "-v")[1]
    assert "docker.io/library/app:latest" in out
    assert "[stage-1 1/1] COPY --from=build /a /b" in out


def test_shared_layers_are_told_from_unique_ones(lithify: Command) -> None:
    (lithify.context / "Dockerfile").write_text(DOCKERFILE + "CMD x\n")
    lithify("build", "-t", "other", str(lithify.context))
    images = json.loads(lithify("du", "--json")[1])["images"]
    assert len(images) == 2
    assert all(one["shared"] > 50_000 > one["unique"] > 0 for one in images)


def test_two_names_of_one_image_share_nothing(lithify: Command) -> None:
    lithify("tag", "app", "again")
    images = json.loads(lithify("du", "--json")[1])["images"]
    assert [one["shared"] for one in images] == [0, 0]


def test_pruning_says_what_it_freed(lithify: Command) -> None:
    size = lithify.size()
    status, out, _ = lithify("prune", "--force", "--json")
    document = json.loads(out)
    assert status == 0
    assert document["freed"] == size - lithify.size() > 0
    assert lithify("prune", "-f")[1] == "freed 0B\n"


def test_with_all_the_image_stays_usable(lithify: Command) -> None:
    status, out, _ = lithify("prune", "-af", "-v")
    assert status == 0
    assert "cached result [build 1/1] COPY a /a" in out
    assert lithify("inspect", "app")[0] == 0


def test_without_a_terminal_it_must_be_told_twice(lithify: Command) -> None:
    size = lithify.size()
    status, _, err = lithify("prune", "-a")
    assert status == 2
    assert "--force" in err
    assert lithify.size() == size


@pytest.mark.parametrize(("answer", "is_done"), [("y\n", True), ("n\n", False), ("", False)])
def test_on_a_terminal_it_asks(
    lithify: Command, monkeypatch: pytest.MonkeyPatch, answer: str, is_done: bool
) -> None:
    import io

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    size = lithify.size()
    monkeypatch.setattr("sys.stdin", Terminal(answer))
    status, _, err = lithify("prune")
    assert status == 0
    assert "WARNING! This will remove:" in err
    assert (lithify.size() < size) == is_done


def test_a_size_and_an_age_limit_what_goes(lithify: Command) -> None:
    size = lithify.size()
    lithify("prune", "-f", "--keep-storage", "1g")
    lithify("prune", "-f", "--max-used-space=1g")
    lithify("prune", "-f", "--filter", "until=1h")
    assert lithify.size() == size
    lithify("prune", "-f", "--keep-storage", "1k")
    assert lithify.size() < size


@pytest.mark.parametrize(
    "words", [("--filter", "label=x"), ("--filter", "until=soon"), ("--keep-storage", "much")]
)
def test_what_is_not_understood_is_refused(lithify: Command, words: tuple[str, ...]) -> None:
    size = lithify.size()
    assert lithify("prune", "-f", *words)[0] == 2
    assert lithify.size() == size


def test_a_limit_in_the_environment_holds_after_a_build(
    lithify: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lithify.context / "a").write_text("2" * 100_000)
    monkeypatch.setenv("LITHIFY_STORE_LIMIT", "250k")
    assert lithify("build", "-t", "app", str(lithify.context))[0] == 0
    assert lithify.size() <= 250 * 1024
    monkeypatch.setenv("LITHIFY_STORE_LIMIT", "some")
    status, _, err = lithify("build", str(lithify.context))
    assert (status, "LITHIFY_STORE_LIMIT" in err) == (2, True)


def test_times_are_read_as_docker_reads_them() -> None:
    now = 1_700_000_000.0
    assert before("f", "24h", now) == now - 86400
    assert before("f", "1h30m", now) == now - 5400
    assert before("f", "1600000000", now) == 1_600_000_000
    assert before("f", "2023-11-14", now) == 1_699_920_000
    assert before("f", "2023-11-14T00:00:00Z", now) == 1_699_920_000
    with pytest.raises(UsageError):
        before("f", "soon", now)


def test_how_long_ago_is_said_in_words() -> None:
    assert ago(1_000_000.0, 1_007_300.0) == "2 hours ago"
    assert ago(0.0, 1.0) == "never"
    assert ago(10.0, 10.0) == "less than a second ago"
