"""Owns the flags of `build` and `plan`: their names, shapes and help, apart from what is done with them.

They are named and mean as in docker buildx. It refuses to interpret values: `build_request` does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable

PULL_POLICIES = ("always", "newer", "missing", "never")
PROGRESS = ("auto", "plain", "tty", "rawjson", "quiet")
NETWORKS = ("default", "none", "host")
#: What can only be a value of `--provenance` and `--sbom`, and no build context.
_ATTRIBUTES = re.compile(r"(?:true|false|[a-z][a-z-]*=\S*)\Z")


def add_source_flags(
    parser: ArgumentParser, metavar: str = "PATH|URL|-", text: str = "the build context"
) -> None:
    """What is built: everything that can change the plan; the words are of the positional argument."""
    add = parser.add_argument_group("what is built").add_argument
    parser.add_argument("context", metavar=metavar, help=text)
    add("-f", "--file", metavar="FILE", default="", help="the Dockerfile; - is standard input")
    add("--target", metavar="STAGE", default="", help="the stage to build")
    _repeated(add, "--build-arg", "K[=V]", "a build argument; K alone: from the environment")
    _repeated(add, "--build-context", "NAME=SOURCE", "a further context or image by name")
    _repeated(add, "--platform", "P[,P]", "what to build for, such as linux/amd64")
    _repeated(add, "--label", "K=V", "a label of the image")
    _repeated(add, "--annotation", "K=V", "an annotation of the manifest")
    add("--network", choices=NETWORKS, default="default", help="network of RUN steps")
    _repeated(add, "--add-host", "HOST:IP", "a further line of /etc/hosts")
    add("--shm-size", metavar="SIZE", default="", help="size of /dev/shm, such as 64m")
    _repeated(add, "--ulimit", "NAME=SOFT[:HARD]", "a limit of RUN steps")
    _repeated(add, "--allow", "ENTITLEMENT", "allow network.host or security.insecure")
    add("--hostname", metavar="NAME", default="", help="host name inside RUN steps")
    add("--source-date-epoch", metavar="N", default="", help="no time in the image is later")
    add("--faithful", action="store_true", help="leave files as RUN steps wrote them")


def add_build_flags(parser: ArgumentParser) -> None:
    """How it is built, where results go and what is shown."""
    add = parser.add_argument_group("how it is built").add_argument
    add("--no-cache", action="store_true", help="run every step")
    _repeated(add, "--no-cache-filter", "STAGE[,STAGE]", "run every step of these stages")
    _repeated(add, "--cache-from", "NAME|type=T,...", "results to use: type registry or local")
    _repeated(add, "--cache-to", "NAME|type=T,...", "keep results: type registry, local or inline")
    add("--pull", action="store_true", help="ask registries for newer base images")
    add("--pull-policy", choices=PULL_POLICIES, default="", help="the same as --pull=POLICY")
    add("--offline", action="store_true", help="ask no registry; base images are as last time")
    _repeated(add, "--secret", "id=ID[,src=FILE|env=VAR]", "a secret for RUN --mount=type=secret")
    _repeated(add, "--ssh", "default|ID[=PATH]", "an SSH agent or key for RUN --mount=type=ssh")
    add("-j", "--jobs", metavar="N", type=int, default=0, help="how many steps run at a time")
    add = parser.add_argument_group("results").add_argument
    _repeated(add, "-t", "NAME[:TAG]", "name the image", long="--tag")
    _repeated(add, "-o", "DIR|-|type=T,dest=D", "write the result elsewhere", long="--output")
    add("--push", action="store_true", help="push the image to the registries of its names")
    add("--load", action="store_true", help="keep the image in the store (the default)")
    add("--iidfile", metavar="FILE", default="", help="write the image's digest to a file")
    add("--metadata-file", metavar="FILE", default="", help="write result details as JSON")
    add = parser.add_argument_group("attestations").add_argument
    add("--provenance", metavar="true|false|mode=M", default="", help="say how it was built")
    add("--sbom", metavar="true|false", default="", help="say what packages are in it")
    _repeated(add, "--attest", "type=T[,K=V]", "the same as --provenance or --sbom")
    add = parser.add_argument_group("what is shown").add_argument
    add("--progress", choices=PROGRESS, default="auto", help="how progress is shown")
    add("-q", "--quiet", action="store_true", help="show only the image's digest")
    add("--explain", action="store_true", help="say of every step why it ran, also the first time")


def spelled_out(arguments: list[str]) -> list[str]:
    """`--pull=POLICY` as a flag of its own, and `--sbom` alone as true: neither must take the word after it."""
    policies = {f"--pull={one}": f"--pull-policy={one}" for one in PULL_POLICIES}
    end = arguments.index("--") if "--" in arguments else len(arguments)
    words = [policies.get(word, word) for word in arguments[:end]]
    for at, (word, following) in enumerate(zip(words, [*words[1:], ""], strict=False)):
        if word in ("--provenance", "--sbom") and not _ATTRIBUTES.match(following):
            words[at] = f"{word}=true"
    return words + arguments[end:]


def add_call_flags(parser: ArgumentParser) -> None:
    """What is asked instead of a build."""
    add = parser.add_argument_group("instead of building").add_argument
    add("--check", action="store_true", help="check the Dockerfile; the same as --call=check")
    add(
        "--call",
        metavar="METHOD[,format=json]",
        default="build",
        help="build, check, outline (what the target can be given) or targets",
    )


def _repeated(
    add: Callable[..., object], flag: str, metavar: str, text: str, *, long: str = ""
) -> None:
    names = (flag, long) if long else (flag,)
    add(*names, action="append", default=[], metavar=metavar, help=text)
