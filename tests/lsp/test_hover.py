"""What is told about the thing under the cursor."""

from __future__ import annotations

import pytest

from lithify.cache.digest import Digest
from lithify.cache.oci import ContainerConfig, Descriptor, ImageConfig
from lithify.cache.platform import Platform
from lithify.cache.ports import ResolvedImage
from lithify.compiler.editing.facts import StepFact
from lithify.compiler.editing.hover import code, hover, human_size
from lithify.compiler.lint.linter import Surrounding


class _OneImage:
    """Answers for every name with the same image (ImageResolver)."""

    def resolve(self, reference: str, platform: Platform) -> ResolvedImage:
        config = ContainerConfig(
            user="ann", env=("PATH=/bin", "LANG=C"), working_dir="/srv",
            entrypoint=("/init",), shell=("/bin/bash", "-c"),
        )  # fmt: skip
        digest = Digest.of(b"manifest")
        return ResolvedImage(
            f"docker.io/library/{reference}",
            Descriptor("m", digest, 1),
            ImageConfig(platform, config=config),
            (),
            str(Digest.of(b"config")),
        )


class _Facts:
    """One step that was built."""

    def __init__(self, stage: str, text: str) -> None:
        self._known = (stage, text)

    def step(self, stage: str, text: str) -> StepFact | None:
        if (stage, text) != self._known:
            return None
        return StepFact("ran", 2.5, 1_500_000, "RUN key changed: ENV A")

    def images(self) -> tuple[str, ...]:
        return ()


def _text(looked, *facts):
    found = hover(looked.document, looked.names, looked.offset, *facts)
    return None if found is None else found.text


@pytest.mark.parametrize(
    ("marked", "told"),
    [
        ("FROM a\nENV A=1\nENV A=2\nRUN echo $^A\n", "`2`"),
        ("FROM a\nENV ^A=x$PATH\n", "x/usr/local/sbin"),
        ("FROM a\nARG ^V=7\n", "`7`"),
        ("ARG V=3\nFROM a:$^V\n", "`3`"),
        ("FROM a\nARG V\nRUN echo $^V\n", "no value"),
        ("FROM a AS one\nFROM ^one\n", "stage 1 of 2"),
        ("FROM a\nWORKDIR /srv\n^WORKDIR app\n", "`/srv/app`"),
        ("FROM a\nWORKDIR /srv\n^COPY x y/\n", "`/srv/y/`"),
        ("FROM a\nUSER ann\n^RUN ls\n", 'starts `["/bin/sh", "-c", "ls"]`'),
        ("FROM a\nUSER ann\n^RUN ls\n", "as `ann`"),
        ('FROM a\nSHELL ["/bin/bash", "-c"]\n^RUN ls\n', '["/bin/bash", "-c", "ls"]'),
        ('FROM a\nENTRYPOINT ["/init"]\n^CMD ["x"]\n', '["/init", "x"]'),
        ("FROM a\nRUN ^--mount=type=cache,target=/c ls\n", "type=cache"),
        ("FROM a\n^EXPOSE 80\n", "Notes ports"),
        ("FROM ^scratch\n", "nothing at all"),
        ("FROM ^a:1\n", "not at hand"),
    ],
)
def test_the_value_at_the_very_place_is_told(look, marked, told):
    assert told in _text(look(marked))


def test_a_place_that_says_nothing_has_no_hover(look):
    assert _text(look("FROM a\nRUN ls ^-l\n")) is None
    assert _text(look("FROM a\n\n^\n")) is None


def test_an_image_at_hand_shows_what_it_brings(look):
    around = Surrounding(resolver=_OneImage())
    text = _text(look("FROM ^debian:12\nRUN ls\n", around))
    for part in ("sha256:", "`ann`", "`/srv`", "`LANG=C`", "/init"):
        assert part in text
    text = _text(look("FROM debian:12\n^RUN ls\n", around))
    for part in ('["/bin/bash", "-c", "ls"]', "in `/srv` as `ann`", "`LANG=C`"):
        assert part in text


def test_the_last_build_of_an_instruction_is_told(look):
    looked = look("FROM a AS one\nARG V=1\n^RUN make $V\n")
    text = _text(looked, _Facts("one", "RUN make 1"))
    assert "last build: ran, 2.5 s, layer of 1.5 MB" in text
    assert "`RUN key changed: ENV A`" in text
    assert "last build" not in _text(looked, _Facts("one", "RUN make 2"))


@pytest.mark.parametrize(
    ("text", "marked"),
    [("a", "`a`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("", "` `"), ("a\nb", "```\na\nb\n```")],
)
def test_text_of_files_cannot_end_its_own_quotation(text, marked):
    assert code(text) == marked


@pytest.mark.parametrize(
    ("count", "shown"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (10**13, "10.0 TB")]
)
def test_sizes_are_shown_in_units_that_people_read(count, shown):
    assert human_size(count) == shown
