"""The two debugging views of a tree."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from lithify.errors import SourceText
from lithify.grammar import ast
from lithify.grammar.dump import dump_ast, dump_instructions
from lithify.grammar.parser import parse

if TYPE_CHECKING:
    from syrupy.assertion import SnapshotAssertion

EVERYTHING = r"""# syntax=docker/dockerfile:1
# escape=`
ARG VERSION=1 REVISION
# the base
FROM --platform=$BUILDPLATFORM alpine:$VERSION AS Base
MAINTAINER somebody <a@b.c>
ENV A=1 `
    # between
    B="x `" y"
env OLD style value
LABEL "a b"=c d=
WORKDIR /a b
USER u:g
EXPOSE 80 443/tcp
VOLUME ["/x y", "/z"]
VOLUME /a /b
STOPSIGNAL SIGTERM
SHELL ["/bin/sh", "-ec"]
RUN --mount=type=cache,target=/c --network=none make `

    install
RUN <<-EOF
	echo one
	EOF
RUN ["true"]
COPY --from=x --link <<'ONE' <<TWO a /d/
1
ONE
2
TWO
ADD ["a", "b c", "/d/"]
HEALTHCHECK --interval=1s --retries=3 CMD ["curl", "x"]
HEALTHCHECK NONE
CMD echo hi
ENTRYPOINT ["a", "b"]
ONBUILD COPY --link <<E /x
body
E
"""


def read(text: str) -> ast.Dockerfile:
    return parse(SourceText("Dockerfile", text))


def test_the_tree_of_every_instruction(snapshot: SnapshotAssertion) -> None:
    dockerfile = read(EVERYTHING)
    assert not dockerfile.errors
    assert dump_ast(dockerfile) == snapshot


def test_the_data_of_every_instruction(snapshot: SnapshotAssertion) -> None:
    data = dump_instructions("Dockerfile", read(EVERYTHING))
    assert json.loads(json.dumps(data)) == data
    assert "\n".join(json.dumps(one) for one in data["instructions"]) == snapshot


def test_every_kind_of_instruction_is_in_the_example() -> None:
    kinds = {type(instruction).__name__ for instruction in read(EVERYTHING).instructions}
    leaves = {*ast.Instruction.__subclasses__(), *ast.CopyLike.__subclasses__()}
    assert kinds == {leaf.__name__ for leaf in leaves} - {"CopyLike"}


def test_errors_are_part_of_the_tree_and_the_rest_is_still_shown() -> None:
    shown = dump_ast(read("FROM a\nCPOY x\nUSER b\n"))
    assert "error 'unknown instruction: CPOY (did you mean COPY?)' 2:1-2:5" in shown
    assert "User 3:1-3:7" in shown
