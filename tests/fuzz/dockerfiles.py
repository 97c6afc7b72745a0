"""Mutated Dockerfiles through parse and plan: nothing but a LithifyError may come of them, and it must come quickly.

`python -m tests.fuzz.dockerfiles --count 1000000` searches long; a case is named by its seed and number, so that
`--seed S --first N --count 1` shows it again.
"""

from __future__ import annotations

import argparse
import random
import resource
import signal
import sys
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from lithify.cache.digest import Digest
from lithify.cache.oci import ContainerConfig, Descriptor, ImageConfig
from lithify.cache.platform import Platform
from lithify.cache.ports import Layer, ResolvedImage
from lithify.compiler.plan import BuildOptions
from lithify.compiler.stages import make_plan
from lithify.errors import ImageNotFound, LithifyError, SourceText, render_error
from lithify.grammar.dump import dump_ast
from lithify.grammar.parser import parse

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import FrameType

    RunCase = Callable[[int, int, list[str]], tuple[str, "Failure | None"]]

_TESTS = Path(__file__).parents[1]
_MOST_SECONDS = 1.0
_MOST_BYTES = 2 * 1024**3
_AMD64 = Platform("linux", "amd64")
_PLATFORMS = (_AMD64, Platform("linux", "arm64"), Platform("windows", "amd64"))
_NAMES = ("A", "B", "PATH", "TARGETARCH", "SOURCE_DATE_EPOCH", "HTTP_PROXY", "VERSION")

_VALUES = ("", "1", "$A", "x y", "0" * 30)
_TOKENS = (
    *("FROM ", "RUN ", "COPY ", "ADD ", "ENV ", "ARG ", "LABEL ", "USER ", "WORKDIR ", "EXPOSE "),
    *("VOLUME ", "CMD ", "ENTRYPOINT ", "SHELL ", "HEALTHCHECK ", "ONBUILD ", "STOPSIGNAL "),
    *("MAINTAINER ", "ONBUILD ONBUILD RUN x", " AS a", " AS ", "scratch", "--from=", "--from=0 "),
    *("--platform=", "--platform=$BUILDPLATFORM ", "--mount=", "--mount=type=cache,target=/x "),
    *(
        "--mount=type=bind,from=a,source=../../x,target=",
        "type=",
        "tmpfs,size=",
        "secret,id=a,env=B",
    ),
    *(
        "ssh",
        "sharing=locked,",
        "mode=0",
        "uid=",
        "required=true",
        "rw",
        ",",
        "--chmod=",
        "u+rwX,go=",
    ),
    *(
        "99999999999",
        "--chown=",
        "a:b:c",
        "--link",
        "--link=false ",
        "--parents ",
        "--exclude=**/*",
    ),
    *("--checksum=sha256:", "--keep-git-dir=true ", "--unpack ", "--network=none ", "--security="),
    *(
        "--interval=1h-2s ",
        "--retries=-1 ",
        "NONE",
        "<<EOF",
        "<<-'E F'",
        "<<",
        "EOF",
        "\nEOF\n",
        "\\\n",
    ),
    *("`\n", "\r\n", "\r", "\n", "\n\n", "\t", " ", "  ", "#", "# escape=`\n", "# syntax=x\n"),
    *(
        "# check=skip=all;error=true\n",
        "\ufeff",
        "\0",
        "\x1b[31m",
        "\u2028",
        "\x85",
        "é",
        "𝒳",
        "\u202e",
    ),
    *(
        "$",
        "$$",
        "${",
        "}",
        "${A",
        "${A:-",
        "${A:+",
        "${A:?e}",
        "${A#*",
        "${A%%x}",
        "${A/a/",
        "${A//",
    ),
    *(
        "${A:-${B:-${A}}}",
        "\\$A",
        "'",
        '"',
        "\\",
        '["a", ',
        "]",
        "[",
        '"\\u00zz"',
        '["',
        "{",
        "*",
        "?",
    ),
    *(
        "[a-",
        "**",
        "..",
        "../",
        "/",
        "./",
        "/./",
        "//",
        "=",
        "==",
        ":",
        "@",
        "@sha256:",
        "-",
        "--",
        "%",
    ),
    *("8-", "80-90/udp", "0", "-1", "1e9", "0x10", "SIGKILL", "http://h/x.git#a:b", "git@h:x", "~"),
)
_DEEP = (
    lambda n: "${A:-" * n,
    lambda n: "RUN echo ${A:-" + "${B:+" * n + "}" * n + "}\n",
    lambda n: "ENV X=" + "${A:-" * n + "x" + "}" * n + "\n",
    lambda n: "RUN " + "[" * n + "\n",
    lambda n: "CMD " + '["a", ' * n + "\n",
    lambda n: "ONBUILD " * n + "RUN x\n",
    lambda n: "\\\n" * n,
    lambda n: "#\n" * n,
    lambda n: "RUN " + "x" * (n * 20) + "\n",
    lambda n: "LABEL " + "a=b " * n + "\n",
    lambda n: "RUN " + "<<E " * n + "\n" + "E\n" * n,
    lambda n: "EXPOSE 1-" + "9" * min(n, 9) + "\n",
    lambda n: "COPY " + "*/" * n + " /\n",
    lambda n: "FROM scratch AS s\n" * n,
    lambda n: "ENV A=$A$A$A$A\n" * n,
    lambda n: "WORKDIR a$A\n" * n,
    lambda n: "ENV B=${A//a/aa} A=$B$B\n" * n,
)


class TooSlow(BaseException):
    """A case took more processor time than it may."""


@dataclass(frozen=True)
class Failure:
    """A case that ended in something else than a result or a LithifyError."""

    number: int
    text: str
    trace: str


class Images:
    """A resolver that knows nearly every name; some images have triggers made of the seeds' lines."""

    def __init__(self, triggers: tuple[str, ...]) -> None:
        self._triggers = triggers

    def resolve(self, reference: str, platform: Platform) -> ResolvedImage:
        if "invalid" in reference:
            raise ImageNotFound(f"no image {reference}")
        digest = Digest.of(reference.encode("utf-8", "replace"))
        config = ContainerConfig(
            env=("PATH=/bin", "A=from the base"),
            cmd=("sh",),
            user="app:app",
            working_dir="/srv",
            on_build=self._triggers if len(reference) % 3 == 0 else (),
        )
        layer = Layer(Descriptor("layer", digest, 1), digest)
        image = ImageConfig(platform, config, (digest,))
        return ResolvedImage(reference, Descriptor("manifest", digest, 1), image, (layer,))


def read_seeds() -> list[str]:
    """The Dockerfiles of the tests, sorted."""
    paths = [*_TESTS.glob("e2e/dockerfiles/*/context/**/*Dockerfile")]
    paths += _TESTS.glob("corpus/**/*Dockerfile")
    return [path.read_text("utf-8", "replace") for path in sorted(paths)]


def mutated(seeds: list[str], generator: random.Random) -> str:
    """A seed with up to a dozen changes of bytes, words, lines."""
    text = generator.choice(seeds)
    for _ in range(generator.choice((1, 1, 2, 3, 5, 12))):
        text = generator.choice(_CHANGES)(text, seeds, generator)
    return text


def _insert_token(text: str, _: list[str], generator: random.Random) -> str:
    at = generator.randrange(len(text) + 1)
    return text[:at] + generator.choice(_TOKENS) + text[at:]


def _replace_word(text: str, _: list[str], generator: random.Random) -> str:
    words = text.split(" ")
    words[generator.randrange(len(words))] = generator.choice(_TOKENS).strip(" ")
    return " ".join(words)


def _remove_part(text: str, _: list[str], generator: random.Random) -> str:
    at = generator.randrange(len(text) + 1)
    return text[:at] + text[at + generator.choice((1, 1, 2, 8, 40)) :]


def _change_character(text: str, _: list[str], generator: random.Random) -> str:
    at = generator.randrange(len(text) + 1)
    return text[:at] + chr(generator.choice((*range(128), 0x85, 0xFFFD))) + text[at + 1 :]


def _repeat_part(text: str, _: list[str], generator: random.Random) -> str:
    start = generator.randrange(len(text) + 1)
    part = text[start : start + generator.randrange(1, 60)]
    return text[:start] + part * generator.choice((2, 2, 3, 50)) + text[start + len(part) :]


def _move_line(text: str, _: list[str], generator: random.Random) -> str:
    lines = text.splitlines(keepends=True) or [""]
    line = lines.pop(generator.randrange(len(lines)))
    lines.insert(generator.randrange(len(lines) + 1), line)
    return "".join(lines)


def _foreign_line(text: str, seeds: list[str], generator: random.Random) -> str:
    lines = text.splitlines(keepends=True)
    foreign = generator.choice(seeds).splitlines(keepends=True) or ["\n"]
    lines.insert(generator.randrange(len(lines) + 1), generator.choice(foreign))
    return "".join(lines)


def _go_deep(text: str, _: list[str], generator: random.Random) -> str:
    return text + generator.choice(_DEEP)(generator.choice((3, 30, 300, 1500)))


_CHANGES: tuple[Callable[[str, list[str], random.Random], str], ...] = (
    *(_insert_token, _insert_token, _insert_token, _replace_word, _replace_word),
    *(_remove_part, _change_character, _repeat_part, _move_line, _foreign_line, _foreign_line),
    *([_insert_token, _replace_word, _remove_part, _change_character] * 3),
    _go_deep,
)


def read_and_plan(text: str, generator: random.Random, seeds: list[str]) -> None:
    """What a build does before it does anything, and again without what was wrong. Raises LithifyError."""
    dockerfile = parse(SourceText("Dockerfile", text))
    dump_ast(dockerfile)
    options, images = _surroundings(generator, seeds)
    try:
        make_plan(dockerfile, options, images)
    except LithifyError as error:
        render_error(error)
        wrong = [one.span for one in (*getattr(error, "errors", ()), error) if one.span]
        lines = text.splitlines(keepends=True)
        for span in wrong:
            lines[span.line - 1 : span.last_line] = [""] * (span.last_line - span.line + 1)
        start_clock()
        make_plan(parse(SourceText("Dockerfile", "".join(lines))), options, images)


def _surroundings(generator: random.Random, seeds: list[str]) -> tuple[BuildOptions, Images]:
    arguments = generator.sample(_NAMES, generator.randrange(3))
    lines = generator.choice(seeds).splitlines() or [""]
    options = BuildOptions(
        build_args=tuple((name, generator.choice(_VALUES)) for name in arguments),
        target=generator.choice(("", "", "", "build", "a", "nowhere")),
        platforms=tuple(generator.sample(_PLATFORMS, generator.choice((0, 0, 1, 2)))),
        host=_AMD64,
    )
    return options, Images(tuple(generator.sample(lines, min(2, len(lines)))))


def run_case(seed: int, number: int, seeds: list[str]) -> tuple[str, Failure | None]:
    """One case: what came of it (`planned`, or the error's class), and the failure if it was one."""
    generator = random.Random(f"{seed}/{number}")
    text = mutated(seeds, generator)
    start_clock()
    try:
        read_and_plan(text, generator, seeds)
        return "planned", None
    except LithifyError as error:
        render_error(error)
        return type(error).__name__, None
    except (Exception, TooSlow) as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        return type(error).__name__, Failure(number, text, traceback.format_exc(limit=-12))
    finally:
        stop_clock()


def start_clock(seconds: float = _MOST_SECONDS) -> None:
    """From now on there is the whole time again."""
    signal.setitimer(signal.ITIMER_PROF, seconds)


def stop_clock() -> None:
    """Nothing is too slow any more."""
    signal.setitimer(signal.ITIMER_PROF, 0)


def _too_slow(_: int, __: FrameType | None) -> NoReturn:
    raise TooSlow("more processor time than there was")


def search(run: RunCase, about: str | None, argv: list[str] | None = None) -> int:
    """Run cases until the count is reached or ten failed; 1 if any failed."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    signal.signal(signal.SIGPROF, _too_slow)
    resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
    seeds = read_seeds()
    outcomes: dict[str, int] = {}
    failures: list[Failure] = []
    started = time.monotonic()
    for number in range(arguments.first, arguments.first + arguments.count):
        outcome, failure = run(arguments.seed, number, seeds)
        outcomes[outcome] = outcomes.get(outcome, 0) + 1
        if failure is not None:
            failures.append(failure)
            print(
                f"--- seed {arguments.seed}, case {number}\n{failure.trace}{failure.text[:2000]!r}"
            )
            if len(failures) == 10:
                break
    ran = sum(outcomes.values())
    print(f"{ran} cases from {len(seeds)} seeds, {time.monotonic() - started:.0f} s: {outcomes}")
    print(f"{len(failures)} failed")
    return 1 if failures or not ran else 0


if __name__ == "__main__":
    sys.exit(search(run_case, __doc__))
