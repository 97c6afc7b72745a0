"""`--check` and `--call`: what is asked, how answers look, and how the program ends."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from lithify.cache.platform import Platform
from lithify.compiler.lint.engine import Checked, plan_and_check
from lithify.compiler.offline import LenientResolver
from lithify.compiler.outline import list_targets, make_outline
from lithify.compiler.plan import BuildOptions
from lithify.errors import ImageNotFound, SourceText
from lithify.grammar.parser import parse

_TEXT = """# tools is where things are made
FROM busybox AS tools
# VERSION of what is made
ARG VERSION=1
ENV MODE \\
    fast
RUN --mount=type=secret,id=token,required=true --mount=type=ssh make
FROM scratch as final
COPY --from=tools /out /
"""
_OPTIONS = BuildOptions(host=Platform("linux", "amd64"))


class _NoImages:
    def resolve(self, reference: str, platform: Platform) -> Any:
        raise ImageNotFound(f"no image {reference}")


def _checked(text: str) -> Checked:
    file = parse(SourceText("Dockerfile", text))
    return plan_and_check(file, _OPTIONS, LenientResolver(_NoImages()), lambda: None)


@pytest.fixture
def asking(engine: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The engine, answering questions about a text."""

    def about(text: str) -> None:
        def check(request: Any, *, stdin: Any) -> Any:
            engine._answer(request, stdin)
            return _checked(text)

        def outline(request: Any, *, stdin: Any) -> Any:
            engine._answer(request, stdin)
            file = parse(SourceText("Dockerfile", text))
            return make_outline(file, _OPTIONS, LenientResolver(_NoImages()))

        def targets(request: Any, *, stdin: Any) -> Any:
            engine._answer(request, stdin)
            return list_targets(parse(SourceText("Dockerfile", text)))

        for method in (check, outline, targets):
            monkeypatch.setattr(engine, method.__name__, method, raising=False)

    about(_TEXT)
    return about


def test_findings_are_shown_with_the_lines_they_are_about(
    lithify: Any, asking: Any, snapshot: Any
) -> None:
    ended = lithify("build", "--check", ".")
    assert (ended.status, ended.err) == (1, "")
    assert ended.out == snapshot


def test_a_file_without_findings_is_fine(lithify: Any, asking: Any) -> None:
    asking("FROM scratch\n")
    ended = lithify("build", "--call=check", ".")
    assert (ended.status, ended.err) == (0, "")
    assert ended.out == "Check complete, no warnings found.\n"


def test_a_mistake_is_shown_below_what_was_found_before_it(lithify: Any, asking: Any) -> None:
    asking("FROM scratch AS Bad\nBADCMD\nMAINTAINER me\n")
    ended = lithify("build", "--check", ".")
    assert ended.status == 1
    assert ended.out.startswith("WARNING: StageNameCasing - https://")
    assert ended.out.endswith("Check complete, the Dockerfile cannot be built.\n")
    assert "MaintainerDeprecated" not in ended.out
    assert ended.err.startswith("error: unknown instruction: BADCMD")


def test_findings_as_json_hold_all_that_is_known(lithify: Any, asking: Any) -> None:
    ended = lithify("build", "--call", "check,format=json", ".")
    document = json.loads(ended.out)
    assert ended.status == 1
    assert set(document) == {"warnings", "sources"}
    assert [one["ruleName"] for one in document["warnings"]] == [
        "LegacyKeyValueFormat",
        "FromAsCasing",
    ]
    assert document["warnings"][0]["location"] == {
        "sourceIndex": 0,
        "ranges": [{"start": {"line": 5, "character": 0}, "end": {"line": 6, "character": 8}}],
    }
    assert all(one["description"] and one["detail"] for one in document["warnings"])
    source = document["sources"][0]
    assert base64.b64decode(source["data"]).decode() == _TEXT


def test_a_mistake_as_json_is_part_of_the_document(lithify: Any, asking: Any) -> None:
    asking("FROM scratch\nBADCMD\n")
    ended = lithify("build", "--check", "--call=check,format=json", ".")
    error = json.loads(ended.out)["buildError"]
    assert (ended.status, ended.err) == (1, "")
    assert error["message"] == "unknown instruction: BADCMD"
    assert error["location"]["ranges"][0]["start"] == {"line": 2, "character": 0}


def test_the_status_can_be_left_alone(lithify: Any, asking: Any) -> None:
    assert lithify("build", "--call=check,ignorestatus=true", ".").status == 0
    assert lithify("build", "--call=check,ignorestatus=false", ".").status == 1


def test_text_of_a_dockerfile_cannot_control_the_terminal(lithify: Any, asking: Any) -> None:
    asking("FROM scratch\nMAINTAINER \x1b[2Jme\nLABEL a=$\x9b \x1b]0;x\x07\n")
    ended = lithify("build", "--check", ".")
    assert all(one.isprintable() for line in (ended.out + ended.err).split("\n") for one in line)


@pytest.mark.parametrize("method", ["outline", "targets"])
@pytest.mark.parametrize("form", ["text", "json"])
def test_answers_of_the_other_methods(
    method: str, form: str, lithify: Any, asking: Any, snapshot: Any
) -> None:
    ended = lithify("build", f"--call={method},format={form}", "--target=", ".")
    assert (ended.status, ended.err) == (0, "")
    answer = json.loads(ended.out) if form == "json" else ended.out
    assert answer == snapshot


def test_the_whole_request_is_handed_on(lithify: Any, engine: Any, asking: Any) -> None:
    lithify("build", "--check", "--target=tools", "--build-arg=A=1", ".")
    ((request, stdin),) = engine.asked
    assert (request.target, request.build_args, stdin) == ("tools", (("A", "1"),), None)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--call=outlin"], "unknown method 'outlin' (did you mean outline?)"),
        (["--call=check,format=yaml"], "invalid option 'format=yaml'"),
        (["--call=check,frmat=json"], "invalid option 'frmat=json'"),
        (["--check", "--call=targets"], "ask for different things"),
    ],
)
def test_a_question_that_is_none_is_refused(
    arguments: list[str], said: str, lithify: Any, asking: Any
) -> None:
    ended = lithify("build", *arguments, ".")
    assert (ended.status, ended.out) == (2, "")
    assert said in ended.err
