"""Plans and errors as text."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from syrupy.assertion import SnapshotAssertion

from lithify.cache.platform import Platform
from lithify.compiler.dump import FORMATS, Format, StepKey, render_plan
from lithify.compiler.plan import Plan
from lithify.errors import LithifyError, render_error

PlanOf = Callable[..., Plan]

TEXT = """\
# escape=\\
ARG VERSION=3
FROM base AS build
ARG VERSION
ENV MODE=release
WORKDIR src
COPY --chown=1:1 go.mod *.go ./
RUN --mount=type=cache,target=/root/.cache \\
    --mount=type=secret,id=token,env=TOKEN \\
    --network=none make "$VERSION"
RUN <<EOF
#!/bin/sh
echo hi
EOF

FROM scratch
LABEL org.example.version=$VERSION
COPY --link --from=build /srv/src/app /bin/
COPY <<EOF /etc/motd
Welcome to <us> & "you"
EOF
ADD --unpack=false https://example.invalid/data.tar.gz /data/
ENTRYPOINT ["/bin/app"]
HEALTHCHECK --interval=30s CMD ["/bin/app", "check"]
"""


@pytest.mark.parametrize("form", FORMATS)
def test_a_plan_is_rendered(plan_of: PlanOf, form: Format, snapshot: SnapshotAssertion) -> None:
    assert render_plan(plan_of(TEXT), form=form) == snapshot


def test_keys_are_shown_if_given(plan_of: PlanOf) -> None:
    plan = plan_of("FROM scratch\nCOPY a /\n")
    definition, content = "abcdef" * 10, "012345" * 10
    assert "(abcdefabcdef)" in render_plan(plan, (StepKey(definition),))
    assert "012345012345 cached" in render_plan(plan, (StepKey(definition, content, True),))
    step = json.loads(render_plan(plan, (StepKey(definition, content),), "json"))["steps"][0]
    assert content in json.dumps(step)


def test_values_of_proxies_are_not_shown(plan_of: PlanOf) -> None:
    plan = plan_of("FROM plain\nRUN x\n", args={"http_proxy": "http://user:pass@proxy"})
    for form in FORMATS:
        assert "pass" not in render_plan(plan, form=form)


def test_several_platforms_are_rendered(plan_of: PlanOf, snapshot: SnapshotAssertion) -> None:
    text = "FROM --platform=$BUILDPLATFORM plain AS b\nRUN x\nFROM plain\nCOPY --from=b /a /a\n"
    platforms = (Platform("linux", "amd64"), Platform("linux", "arm", "v7"))
    assert render_plan(plan_of(text, platforms=platforms, no_cache=True, epoch=9)) == snapshot


@pytest.mark.parametrize(
    "text",
    [
        "FROM plain AS build\nRUN make\nFROM buidl\n",
        "FROM plain AS a\nCOPY --from=b /x /y\nFROM a AS b\n",
        "FROM plain\nRUN --mount=type=cahce,target=/c \\\n  make\n",
        "FROM plain\nCOPY --chmod=99 a \\\n  b\n",
        'FROM plain\nENV A=1 \\\n    B="${C:?must be given}"\n',
        "FROM plain\nEXPOSE 80 90x\n",
        "FROM plain\nRUN --security=insecure x\n",
        "FROM plain AS a\nONBUILD STOPSIGNAL NOTHING\nFROM a\n",
        "FROM plain\nHEALTHCHECK --interval=5 CMD x\nCPOY a b\n",
    ],
)
def test_errors_show_their_place(plan_of: PlanOf, text: str, snapshot: SnapshotAssertion) -> None:
    with pytest.raises(LithifyError) as caught:
        plan_of(text)
    assert render_error(caught.value) == snapshot


def test_an_unknown_target_is_rendered(plan_of: PlanOf, snapshot: SnapshotAssertion) -> None:
    with pytest.raises(LithifyError) as caught:
        plan_of("FROM plain AS build\nFROM plain AS test\n", target="tset1")
    assert render_error(caught.value) == snapshot
