"""What can be written at the cursor."""

from __future__ import annotations

import pytest

from lithify.cache.ignore import parse_ignore_file
from lithify.cache.platform import Platform
from lithify.cache.ports import ResolvedImage
from lithify.compiler.editing import vocabulary
from lithify.compiler.editing.completion import completions
from lithify.compiler.lint.linter import Surrounding
from lithify.compiler.lint.world import World
from lithify.compiler.lower.mount_fields import MOUNT_TYPES
from lithify.compiler.offline import unknown_image
from lithify.grammar.flags import FLAGS
from lithify.grammar.statement import KEYWORDS

STAGES = "FROM debian AS base\nENV FOO=1\nWORKDIR /srv/app\nRUN useradd -m ann\nFROM base AS app\n"


class _Files:
    """A build context in memory (ContextFiles)."""

    def __init__(self, *paths: str) -> None:
        self._paths = paths

    def paths(self) -> tuple[str, ...]:
        return self._paths

    def read(self, path: str, most: int) -> bytes | None:
        return None

    def size(self, path: str) -> int:
        return 0

    def mode(self, path: str) -> int | None:
        return 0o644


class _Facts:
    def step(self, stage: str, text: str) -> None:
        return None

    def images(self) -> tuple[str, ...]:
        return ("busybox:latest",)

    def image(self, name: str) -> ResolvedImage | None:
        return unknown_image(name, Platform("linux", "amd64")) if name == "busybox" else None


class _Images:
    """What is in every image (ImageFiles)."""

    def read(self, image: ResolvedImage, path: str, most: int) -> bytes | None:
        return b"root:x:0:0::/root:/bin/sh\nbob:x:7:7::/home/bob:/bin/sh\n"

    def exists(self, image: ResolvedImage, path: str) -> bool | None:
        return None

    def inside(self, image: ResolvedImage, folder: str) -> tuple[str, ...]:
        return {"/": ("etc/", "init"), "/etc/": ("passwd",)}.get(folder, ())


def _labels(looked, *facts):
    return [one.label for one in completions(looked.document, looked.offset, *facts)]


def _written(looked, label):
    """The text after an item is taken."""
    text, offset = looked.document.text, looked.offset
    (item,) = [one for one in completions(looked.document, offset) if one.label == label]
    return text[: item.start] + item.text + text[offset:]


@pytest.mark.parametrize(
    ("marked", "some", "none"),
    [
        ("^", {"FROM", "ARG", "RUN"}, {"from"}),
        ("FROM a\nco^", {"copy"}, {"COPY"}),
        (STAGES + "CO^", {"COPY"}, set()),
        ("FROM ^", {"scratch", "--platform="}, {"AS"}),
        (STAGES + "FROM ^", {"base", "app", "scratch"}, set()),
        ("FROM a AS one\nFROM ^\nFROM b AS later\n", {"one"}, {"later"}),
        ("FROM --platform=^", {"linux/arm64", "$BUILDPLATFORM"}, {"scratch"}),
        ("FROM debian ^", {"AS"}, {"scratch"}),
        (STAGES + "COPY --^", {"--from=", "--chown=", "--link"}, {"--mount="}),
        (STAGES + "COPY --link --^", {"--from="}, {"--link"}),
        (STAGES + "COPY --from=^", {"base"}, {"app"}),
        (STAGES + "COPY --from=base /srv/^", {"/srv/app/"}, set()),
        (STAGES + "COPY x ^", {"/srv/"}, set()),
        (STAGES + "COPY --chown=^", {"ann", "root"}, set()),
        (STAGES + "USER ^", {"ann", "root"}, set()),
        (STAGES + "RUN --mount=^", {"type=", "target=", "from="}, {"sharing="}),
        (STAGES + "RUN --mount=type=cache,^", {"sharing=", "id="}, {"type=", "size="}),
        (STAGES + "RUN --mount=type=^", {"bind", "secret"}, set()),
        (STAGES + "RUN --mount=type=cache,sharing=^", {"locked"}, set()),
        (STAGES + "RUN --mount=from=^", {"base"}, set()),
        (STAGES + "RUN --network=^", {"none", "host"}, set()),
        (STAGES + "RUN echo $^", {"FOO", "PATH"}, set()),
        (STAGES + "RUN echo && \\\n  echo $F^", {"FOO"}, set()),
        (STAGES + "RUN <<EOF\necho $^\nEOF\n", {"FOO"}, set()),
        (STAGES + "ONBUILD COPY --from=^", {"base"}, set()),
        ("ARG V=1\nFROM a\nARG ^", {"V", "TARGETARCH"}, set()),
        ("ARG V=1\nFROM a:$^", {"V"}, {"PATH"}),
        (STAGES + "STOPSIGNAL ^", {"SIGINT"}, set()),
        (STAGES + "SHELL ^", {'["/bin/sh", "-c"]'}, set()),
        (STAGES + "HEALTHCHECK ^", {"CMD", "NONE", "--interval="}, set()),
        (STAGES + "WORKDIR ^", {"/srv/"}, set()),
        (STAGES + "# lithify: ignore[^", {"maintainer"}, set()),
        ("# ^", {"syntax=", "escape="}, set()),
        (STAGES + "# ^", {"lithify: ignore["}, {"escape="}),
    ],
)
def test_what_fits_is_offered_and_what_does_not_is_not(look, marked, some, none):
    labels = set(_labels(look(marked)))
    assert some <= labels
    assert not none & labels


def test_nothing_is_offered_inside_a_file_of_a_heredoc(look):
    assert _labels(look("FROM a\nCOPY <<EOF /x\n^\nEOF\n")) == []


def test_a_broken_line_below_does_not_hide_what_stands_above(look):
    assert "base" in _labels(look(STAGES + "COPY --from=^\nCOPY\nFORM x\n"))


def test_an_item_takes_the_place_of_what_is_typed_and_of_nothing_else(look):
    assert _written(look("FROM a\nCO^ x y\n"), "COPY") == "FROM a\nCOPY x y\n"
    assert _written(look(STAGES + "RUN echo ${FO^"), "FOO").endswith("echo ${FOO}")
    assert _written(look(STAGES + "RUN echo ${FO^}"), "FOO").endswith("echo ${FOO}")
    assert _written(look(STAGES + "RUN --mount=type=ca^"), "cache").endswith("--mount=type=cache")


def test_paths_of_the_context_come_step_by_step_without_what_is_ignored(look):
    ignore = parse_ignore_file("secret\n*.log\n")
    files = _Files("main.py", "src/a.py", "src/b/c.py", "secret/key", "x.log")
    around = Surrounding(world=World(files), find_ignore=lambda: ignore)
    assert _labels(look("FROM a\nCOPY m^", around)) == ["main.py", "src/"]
    assert _labels(look("FROM a\nCOPY src/^", around)) == ["src/a.py", "src/b/"]


def test_images_that_are_at_hand_are_offered(look):
    assert "busybox:latest" in _labels(look("FROM ^"), _Facts())
    assert "busybox:latest" in _labels(look(STAGES + "COPY --from=^"), _Facts())


def test_what_is_inside_an_image_is_offered_step_by_step(look):
    around = Surrounding(world=World(images=_Images()))
    labels = _labels(look("FROM busybox AS x\nFROM a\nCOPY --from=x /^", around))
    assert {"/etc/", "/init", "/home/bob/"} <= set(labels)
    inside = _labels(look("FROM a\nCOPY --from=busybox /etc/^", around), _Facts())
    assert "/etc/passwd" in inside
    assert "bob" in _labels(look("FROM busybox\nUSER ^", around))


def test_every_word_of_the_language_is_explained():
    assert set(vocabulary.INSTRUCTIONS) == set(KEYWORDS)
    assert set(vocabulary.FLAGS) == {(name, flag) for name in FLAGS for flag in FLAGS[name]}
    assert set(vocabulary.MOUNT_TYPES) == set(MOUNT_TYPES)
