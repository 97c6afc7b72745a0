"""Owns the words that a Dockerfile is made of, each with a sentence that says what it does.

Hover and completion show the same sentence. It refuses grammar: which flags exist is `grammar.flags`, which mounts
`lower.mount_fields`; a test compares.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Instruction -> how it is written, and what it does.
INSTRUCTIONS: Mapping[str, tuple[str, str]] = MappingProxyType({
    "ADD": ("ADD [--flags] SOURCE... DESTINATION",
            "Copies files like COPY, fetches URLs and git repositories, and unpacks local archives."),
    "ARG": ("ARG NAME[=DEFAULT]...",
            "Declares a variable of the build that `--build-arg` can set. The image does not keep it."),
    "CMD": ('CMD ["program", "argument"]',
            "Sets what a container starts by default, or the default arguments of ENTRYPOINT."),
    "COPY": ("COPY [--flags] SOURCE... DESTINATION",
             "Copies files from the build context, or with `--from` from a stage or an image."),
    "ENTRYPOINT": ('ENTRYPOINT ["program", "argument"]',
                   "Sets the program that a container always starts."),
    "ENV": ("ENV NAME=VALUE...", "Sets variables for what follows, and for containers."),
    "EXPOSE": ("EXPOSE PORT[/tcp|/udp]...", "Notes ports that a container listens at."),
    "FROM": ("FROM [--platform=PLATFORM] IMAGE [AS NAME]",
             "Begins a stage on an image, an earlier stage, or `scratch`."),
    "HEALTHCHECK": ("HEALTHCHECK [--flags] CMD COMMAND | NONE",
                    "Sets a command that tells whether a container is well."),
    "LABEL": ("LABEL KEY=VALUE...", "Gives the image facts about itself."),
    "MAINTAINER": ("MAINTAINER NAME", "Deprecated: a label says who looks after an image."),
    "ONBUILD": ("ONBUILD INSTRUCTION", "Keeps an instruction for builds that are based on the image."),
    "RUN": ("RUN [--flags] COMMAND", "Runs a command and keeps what it changed as a layer."),
    "SHELL": ('SHELL ["program", "option"]', "Sets the program that reads commands in shell form."),
    "STOPSIGNAL": ("STOPSIGNAL SIGNAL", "Sets the signal that asks a container to end."),
    "USER": ("USER NAME[:GROUP]", "Sets who runs what follows, and containers."),
    "VOLUME": ("VOLUME PATH...", "Marks directories whose content is kept outside of the image."),
    "WORKDIR": ("WORKDIR PATH", "Enters a directory, and makes it if it is not there."),
})  # fmt: skip

#: Instruction and flag -> what it does.
FLAGS: Mapping[tuple[str, str], str] = MappingProxyType({
    ("FROM", "platform"): "The platform of the image, such as `linux/arm64` or `$BUILDPLATFORM`.",
    ("RUN", "mount"): "Lends the command a bind, cache, tmpfs, secret or ssh mount.",
    ("RUN", "network"): "The network of the command: default, none or host.",
    ("RUN", "security"): "How the command is confined: sandbox or insecure.",
    ("RUN", "device"): "Gives the command a device.",
    ("COPY", "from"): "Copies from a stage, by name or number, or from an image.",
    ("COPY", "chown"): "Owner and group of what is copied.",
    ("COPY", "chmod"): "Permissions of what is copied.",
    ("COPY", "link"): "Makes a layer that does not depend on what is below it.",
    ("COPY", "parents"): "Keeps the folders that sources lie in.",
    ("COPY", "exclude"): "Leaves out what matches a pattern.",
    ("ADD", "chown"): "Owner and group of what is added.",
    ("ADD", "chmod"): "Permissions of what is added.",
    ("ADD", "link"): "Makes a layer that does not depend on what is below it.",
    ("ADD", "keep-git-dir"): "Keeps `.git` of a repository.",
    ("ADD", "checksum"): "The digest that a download must have.",
    ("ADD", "unpack"): "Whether archives are unpacked.",
    ("ADD", "exclude"): "Leaves out what matches a pattern.",
    ("HEALTHCHECK", "interval"): "The time between two checks.",
    ("HEALTHCHECK", "timeout"): "How long a check may take.",
    ("HEALTHCHECK", "start-period"): "How long failures do not count at the beginning.",
    ("HEALTHCHECK", "start-interval"): "The time between two checks at the beginning.",
    ("HEALTHCHECK", "retries"): "How many failures in a row make a container unwell.",
})  # fmt: skip

#: Key of `--mount` -> what it does, and the types that have it.
MOUNT_KEYS: Mapping[str, tuple[str, frozenset[str]]] = MappingProxyType({
    "target": ("Where it is mounted.", frozenset(("bind", "cache", "tmpfs", "secret", "ssh"))),
    "source": ("The path in what it comes from.", frozenset(("bind", "cache"))),
    "from": ("The stage or image that it comes from.", frozenset(("bind", "cache"))),
    "id": ("The name that it is known by.", frozenset(("cache", "secret", "ssh"))),
    "sharing": ("Whether builds may use a cache together.", frozenset(("cache",))),
    "readonly": ("Nothing can be written.", frozenset(("bind", "cache"))),
    "readwrite": ("What is written is thrown away.", frozenset(("bind",))),
    "size": ("How large it may become.", frozenset(("tmpfs",))),
    "env": ("The variable that holds the secret.", frozenset(("secret",))),
    "required": ("Without it the build fails.", frozenset(("secret", "ssh"))),
    "mode": ("Permissions.", frozenset(("cache", "secret", "ssh"))),
    "uid": ("The owner's number.", frozenset(("cache", "secret", "ssh"))),
    "gid": ("The group's number.", frozenset(("cache", "secret", "ssh"))),
})  # fmt: skip

MOUNT_TYPES: Mapping[str, str] = MappingProxyType({
    "bind": "Files of the context, a stage or an image.",
    "cache": "A directory that is kept from one build to the next.",
    "tmpfs": "An empty directory in memory.",
    "secret": "A secret that leaves no trace in the image.",
    "ssh": "The agent that knows keys for ssh.",
})  # fmt: skip

#: Keys that directives at the top of a file may have.
DIRECTIVES: Mapping[str, str] = MappingProxyType({
    "syntax": "The version of the language, as the name of an image.",
    "escape": "The character that continues lines and protects others: \\ or `.",
    "check": "Which checks are skipped, as in skip=RULE;error=true.",
})  # fmt: skip

PLATFORMS = (
    "linux/amd64", "linux/arm64", "linux/arm/v7", "linux/386", "linux/ppc64le", "linux/s390x",
    "linux/riscv64", "$BUILDPLATFORM", "$TARGETPLATFORM",
)  # fmt: skip
SIGNALS = ("SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGKILL", "SIGUSR1", "SIGUSR2", "SIGWINCH")
