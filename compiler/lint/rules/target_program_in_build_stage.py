"""A stage that is executed on the building machine should not execute programs for the target.

What it does: reports a RUN in a stage with --platform=$BUILDPLATFORM that downloads a program for TARGETARCH and
executes it.

Why it matters: as soon as another platform is built for than one builds on, the program cannot be executed.

Example:

    FROM --platform=$BUILDPLATFORM debian:13 AS build
    ARG TARGETARCH
    RUN curl -fsSLo /usr/bin/gen https://example.org/gen-$TARGETARCH && chmod +x /usr/bin/gen && gen /src
    FROM busybox
    COPY --from=build /src /src

Use instead:

    FROM --platform=$BUILDPLATFORM debian:13 AS build
    ARG BUILDARCH
    RUN curl -fsSLo /usr/bin/gen https://example.org/gen-$BUILDARCH && chmod +x /usr/bin/gen && gen /src
    FROM busybox
    COPY --from=build /src /src
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from lithify.compiler.lint.context import Related, about
from lithify.compiler.lint.insight.downloads import downloads
from lithify.compiler.lint.insight.scripts import program, steps
from lithify.compiler.lint.insight.story import ancestry, every_place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext

_TARGET = re.compile(r"\$\{?TARGET(?:ARCH|PLATFORM)\b")


def check(ctx: LintContext) -> Iterator[Diagnostic]:
    for step in steps(ctx, every_place(ctx)):
        flag = ancestry(step.place.stage)[0].parsed.source.flag("platform")
        if flag is None or "BUILDPLATFORM" not in (flag.value or ""):
            continue
        for one in downloads(step.script):
            if not one.file or not _TARGET.search(one.url.text):
                continue
            later = (two for two in step.commands if two.start > one.command.start)
            user = next((two for two in later if program(two) == one.name), None)
            if user is not None:
                message = f"{one.name} is for the target, but executed on the building machine"
                related = Related(step.span(one.command), "downloaded here")
                yield about(step.run, message, step.span(user))._replace(related=(related,))
