"""Owns `lithify prune`: asks, removes what nothing needs any more, and says what was freed.

It takes docker's words: `--filter until=24h`, `--keep-storage`, `--all`, `--force`. It refuses to remove without an
answer where nobody can be asked.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING

from lithify.cli import values
from lithify.cli.guard import DONE
from lithify.cli.parser import CommandParser, command_parser, parse
from lithify.cli.table import human_size
from lithify.cli.text import clean_line
from lithify.cli.times import before
from lithify.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from lithify.cache.gc import Freed
    from lithify.cli.door import Door

_FILTERS = ("until",)
_PLURALS = {"index": "indexes"}


def run(arguments: list[str], door: Door) -> int:
    """Prune; returns the exit status."""
    flags = parse(_parser(), arguments, door)
    until = _until(flags.filter)
    most = flags.max_used_space or flags.keep_storage
    most_bytes = values.size_bytes("--max-used-space", most) if most else None
    if not (flags.force or _is_confirmed(_warning(flags))):
        return DONE
    with door.engine() as engine:
        upkeep = engine.upkeep()
        if flags.cache_mounts:
            freed = upkeep.prune_mounts(until)
        else:
            from lithify.cache.gc import Policy

            policy = Policy(until, most_bytes, everything=flags.all, is_check=flags.check)
            freed = upkeep.prune(policy)
    sys.stdout.write(_as_json(freed) if flags.json else _render(freed, flags.verbose))
    return DONE


def _parser() -> CommandParser:
    made = command_parser("prune", "Remove what no image needs from the store.")
    add = made.add_argument
    add("-a", "--all", action="store_true", help="also the cache of images, which stay")
    add("-f", "--force", action="store_true", help="do not ask")
    add("--filter", metavar="until=TIME", action="append", default=[], help="not used since then")
    add("--keep-storage", metavar="SIZE", default="", help="only the least used beyond this size")
    add("--max-used-space", metavar="SIZE", default="", help="the same")
    add("--cache-mounts", action="store_true", help="remove cache mounts, and nothing else")
    add("--check", action="store_true", help="read everything, and remove what is damaged")
    add("-v", "--verbose", action="store_true", help="name everything that is removed")
    add("--json", action="store_true", help="what was removed, as JSON")
    return made


def _until(filters: list[str]) -> float | None:
    times = []
    for text in filters:
        name, value = values.pair("--filter", text, value_needed=True)
        if name not in _FILTERS:
            raise UsageError(f"--filter: unknown filter {name!r}", hint="until=TIME is known")
        times.append(before("--filter until", value, time.time()))
    return min(times, default=None)


def _warning(flags: Namespace) -> str:
    if flags.cache_mounts:
        what = ["all cache mounts of RUN steps"]
    else:
        what = ["all images without a name", "all cached layers and snapshots no image needs"]
        if flags.all:
            what[1] = "all cached layers and snapshots, also of images, which stay"
        if flags.check:
            what.append("all damaged content")
    return "WARNING! This will remove:\n" + "".join(f"  - {one}\n" for one in what)


def _is_confirmed(warning: str) -> bool:
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked whether to prune", hint="say it with --force")
    sys.stderr.write(f"{warning}\nAre you sure you want to continue? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _render(freed: Freed, is_verbose: bool) -> str:
    lines = [f"damaged: {one}" for one in freed.damaged]
    if is_verbose:
        lines += [f"{kind} {name}  {human_size(size)}" for kind, name, size in freed.items]
    counts = Counter(kind for kind, _, _ in freed.items)
    for kind, count in sorted(counts.items()):
        size = sum(one[2] for one in freed.items if one[0] == kind)
        words = kind if count == 1 else _PLURALS.get(kind, f"{kind}s")
        lines.append(f"removed {count} {words}" + (f", {human_size(size)}" if size else ""))
    lines.append(f"freed {human_size(freed.size)}")
    return "".join(clean_line(line) + "\n" for line in lines)


def _as_json(freed: Freed) -> str:
    items = [{"kind": kind, "name": name, "size": size} for kind, name, size in freed.items]
    document = {"freed": freed.size, "removed": items, "damaged": freed.damaged}
    return json.dumps(document, indent=2) + "\n"
