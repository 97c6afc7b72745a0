"""Every way in which files, instructions and bases can change is named by the first line of the reason."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from lithify import planning
from lithify.compiler import keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.why.conftest import Lab


def _rewrite_unseen(lab: Lab) -> None:
    path = lab.context / "a"
    stat = path.stat()
    path.write_text("A\n")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))


def _three(lab: Lab) -> None:
    for name in "abc":
        lab.write(name, "other\n")


def _retarget(lab: Lab) -> None:
    (lab.context / "link").unlink()
    (lab.context / "link").symlink_to("b")


def _become_link(lab: Lab) -> None:
    (lab.context / "a").unlink()
    (lab.context / "a").symlink_to("b")


def _ignore(*lines: str) -> Callable[[Lab], object]:
    return lambda lab: lab.write("Dockerfile.dockerignore", "\n".join(("Dockerfile*", *lines)))


CAUSES: dict[str, tuple[Callable[[Lab], object], str]] = {
    "content": (
        lambda lab: lab.write("dir/package-lock.json", "2"),
        "dir/package-lock.json changed",
    ),
    "several files": (_three, "3 files changed: a, b, c"),
    "unseen rewrite": (_rewrite_unseen, "a changed"),
    "mode": (lambda lab: (lab.context / "a").chmod(0o755), "a changed mode from 0644 to 0755"),
    "added": (lambda lab: lab.write("new", "new\n"), "new added"),
    "added in a directory": (lambda lab: lab.write("deep/er/new", "new\n"), "deep/er/new added"),
    "removed": (lambda lab: (lab.context / "b").unlink(), "b removed"),
    "renamed": (lambda lab: (lab.context / "b").rename(lab.context / "z"), "z renamed from b"),
    "case": (lambda lab: (lab.context / "b").rename(lab.context / "B"), "B renamed from b"),
    "symlink": (_retarget, "link now links to b, not a"),
    "kind": (_become_link, "a changed from a file to a symlink"),
    "hidden": (
        _ignore("b"),
        "b removed (it exists, but Dockerfile.dockerignore excludes it)",
    ),
    "two causes": (
        lambda lab: (lab.write("a", "2\n"), lab.write("new", "3\n")),
        "a changed; new added",
    ),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_a_change_of_files_is_named(lab: Lab, cause: str) -> None:
    lab.dockerfile("FROM scratch", "COPY . /srv/")
    for name in ("a", "b", "c", "dir/package-lock.json"):
        lab.write(name, f"{name[-1]}\n")
    (lab.context / "link").symlink_to("a")
    assert lab.build().of("COPY") == "it has not run before"
    change, said = CAUSES[cause]
    change(lab)
    assert lab.build().of("COPY") == said
    assert lab.build().of("COPY") == ""


def test_a_file_that_is_no_longer_ignored_is_named(lab: Lab) -> None:
    lab.dockerfile("FROM scratch", "COPY . /")
    lab.write("b", "b")
    lab.write("kept", "b")
    _ignore("b")(lab)
    lab.build()
    _ignore()(lab)
    assert lab.build().of("COPY") == "b added"


#: Dockerfile before and after, the step, the reason.
EDITS = {
    "destination": ("COPY a /x", "COPY a /y", 'the destination changed from "/x" to "/y"'),
    "chmod": ("COPY a /", "COPY --chmod=600 a /", '--chmod changed from "" to "600"'),
    "chown": ("COPY a /", "COPY --chown=1:2 a /", '--chown changed from "" to "1:2"'),
    "link": ("COPY a /", "COPY --link a /", "--link was added"),
    "exclude": (
        "COPY . /",
        "COPY --exclude=b . /",
        '--exclude changed from "" to "b"',
    ),
    "sources": (
        "COPY a /x",
        "COPY b /x",
        'the instruction changed from "COPY a /x" to "COPY b /x"',
    ),
    "further source": ("COPY a /x/", "COPY a b /x/", "source 2 was added"),
    "heredoc": ("COPY <<E /x\none\nE", "COPY <<E /x\ntwo\nE", "the heredoc E changed"),
    "step before": ("COPY a /", "COPY b /y\nCOPY a /", "step [2/3] COPY b /y was added before it"),
    "step less": ("COPY b /y\nCOPY a /", "COPY a /", "step [2/3] COPY b /y before it was removed"),
    "argument": (
        "ARG TO=/x\nCOPY a $TO",
        "ARG TO=/y\nCOPY a $TO",
        'the destination changed from "/x" to "/y"',
    ),
}


@pytest.mark.parametrize("edit", EDITS)
def test_an_edited_instruction_is_named(lab: Lab, edit: str) -> None:
    before, after, said = EDITS[edit]
    lab.image("base", "base")
    lab.write("a", "a")
    lab.write("b", "b")
    lab.dockerfile("FROM base", before)
    lab.build()
    lab.dockerfile("FROM base", after)
    assert lab.build().of("COPY").startswith(said)


def test_another_base_image_is_named(lab: Lab) -> None:
    lab.write("a", "a")
    lab.image("base", "one")
    lab.image("other", "two")
    lab.dockerfile("FROM base", "COPY a /")
    lab.build()
    lab.dockerfile("FROM other", "COPY a /")
    said = lab.build().of("COPY")
    assert said == "the base image changed from base:latest to other:latest"


def test_a_base_image_with_other_content_is_named_with_both_digests(lab: Lab) -> None:
    lab.write("a", "a")
    lab.image("base", "one")
    lab.dockerfile("FROM base", "COPY a /")
    lab.build()
    lab.image("base", "two")
    said = lab.build().of("COPY")
    start, _, digests = said.partition(" changed from ")
    assert start == "the base image base:latest"
    assert [len(one) for one in digests.split(" to ")] == [12, 12]


def test_a_file_of_another_stage_is_named_with_the_stage(lab: Lab) -> None:
    lab.write("a", "1")
    lab.dockerfile(
        "FROM scratch AS build", "COPY a /out/app", "FROM scratch", "COPY --from=build /out /"
    )
    lab.build()
    lab.write("a", "2")
    assert lab.build().of("COPY --from") == "out/app changed in build"


def test_a_file_of_a_named_context_is_named_with_the_context(lab: Lab) -> None:
    extra = lab.write("../extra/a", "1").parent
    lab.dockerfile("FROM scratch", "COPY --from=extra a /")
    contexts = (("extra", str(extra)),)
    lab.build(build_contexts=contexts)
    lab.write("../extra/a", "2")
    assert lab.build(build_contexts=contexts).of("COPY") == "a changed in context extra"


def test_a_file_that_a_pattern_matches_is_named_with_its_directory(lab: Lab) -> None:
    lab.write("deps/a.txt", "1")
    lab.dockerfile("FROM scratch", "COPY deps/*.txt /")
    lab.build()
    lab.write("deps/b.txt", "1")
    assert lab.build().of("COPY") == "deps/b.txt added"


def test_the_step_that_gave_other_bytes_is_named(lab: Lab) -> None:
    lab.write("a", "1")
    lab.write("b", "1")
    lab.dockerfile("FROM scratch", "COPY a /", "COPY b /")
    lab.build()
    lab.write("a", "2")
    assert lab.build().of("COPY b") == "step [1/2] COPY a / gave other bytes"


def test_an_epoch_is_named(lab: Lab) -> None:
    lab.write("a", "1")
    lab.dockerfile("FROM scratch", "COPY a /")
    lab.build()
    said = lab.build(source_date_epoch="1700000000").of("COPY")
    assert said == 'SOURCE_DATE_EPOCH changed from "" to "1700000000"'


def test_a_pruned_result_is_named(store_lab: Lab) -> None:
    from lithify.cache.gc import Policy

    store_lab.write("a", "1")
    store_lab.dockerfile("FROM scratch", "COPY a /")
    store_lab.build()
    with store_lab.engine() as engine:
        engine.upkeep().prune(Policy(everything=True))
    assert store_lab.build().of("COPY") == "its earlier result is no longer in the store"


def test_an_unwanted_cache_is_named(lab: Lab) -> None:
    lab.write("a", "1")
    lab.dockerfile("FROM scratch", "COPY a /")
    lab.build()
    assert lab.build(no_cache=True).of("COPY") == "the cache was not to be used (--no-cache)"


def test_another_layer_form_is_named(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.write("a", "1")
    lab.dockerfile("FROM scratch", "COPY a /")
    lab.build()
    monkeypatch.setattr(planning, "FORM_VERSION", 99)
    said = lab.build(tags=("a",)).of("COPY")
    assert said == "this version of lithify writes layers in another form"


def test_another_key_form_is_named(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.write("a", "1")
    lab.dockerfile("FROM scratch", "COPY a /")
    lab.build()
    monkeypatch.setattr(keys, "KEY_FORMAT", 99)
    said = lab.build(tags=("a",)).of("COPY")
    assert said == "this version of lithify makes keys in another form"


def test_a_result_from_elsewhere_explains_without_any_build(store_lab: Lab) -> None:
    store_lab.write("a", "1")
    store_lab.dockerfile("FROM scratch", "COPY a /")
    store_lab.build()
    with store_lab.engine() as engine:
        store = engine._store()
        with store.records.transaction() as connection:
            connection.execute("DELETE FROM builds")
    store_lab.write("a", "2")
    assert store_lab.build().of("COPY") == "a changed"


@pytest.mark.parametrize("value", ["", "no json", "[]", "[1]", "{}", "null", '["files"]'])
def test_a_record_that_says_nonsense_harms_no_build(store_lab: Lab, value: str) -> None:
    store_lab.write("a", "1")
    store_lab.dockerfile("FROM scratch", "COPY a /")
    store_lab.build()
    with store_lab.engine() as engine, engine._store().records.transaction() as connection:
        leaves = json.dumps([["parent", ""], ["source.0", value], ["mount./x", value]])
        connection.execute("DELETE FROM builds")
        connection.execute("UPDATE records SET leaves = ?", (leaves,))
    store_lab.write("a", "2")
    assert store_lab.build().of("COPY") != ""


def test_another_project_with_the_same_instructions_does_not_count(store_lab: Lab) -> None:
    store_lab.image("base", "base")
    store_lab.dockerfile("FROM base", "COPY a /", "COPY b /")
    store_lab.write("a", "1")
    store_lab.write("b", "1")
    store_lab.build()
    elsewhere = store_lab.write("../elsewhere/a", "other").parent
    (elsewhere / "b").write_text("2")
    (elsewhere / "Dockerfile").write_text("FROM base\nCOPY a /\nCOPY c* b /\n")
    said = store_lab.build(context=str(elsewhere))
    assert said.of("COPY c* b /") == "it has not run before"
