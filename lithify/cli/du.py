"""Owns `lithify du`: what takes how much space in the store, and how much of it pruning can free.

Sizes are those on disk. What can be freed is what `prune --all` would free, cache mounts apart. It refuses to change
anything.
"""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

from lithify.cli.guard import DONE
from lithify.cli.parser import command_parser, parse
from lithify.cli.table import human_size, render_table
from lithify.cli.times import ago

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from lithify.cache.survey import Item, Root, Survey
    from lithify.cli.door import Door

_HEADER = ("TYPE", "COUNT", "SIZE", "RECLAIMABLE")
_DIGITS = 12


def run(arguments: list[str], door: Door) -> int:
    """Print the sizes."""
    made = command_parser("du", "Show what takes space in the store.")
    add = made.add_argument
    add("-v", "--verbose", action="store_true", help="every image, layer, snapshot and cache mount")
    add("--json", action="store_true", help="everything, as JSON")
    flags = parse(made, arguments, door)
    with door.engine() as engine:
        seen = engine.upkeep().usage()
    if flags.json:
        text = json.dumps(_document(seen), indent=2) + "\n"
    else:
        text = render_table(_HEADER, _summary(seen))
        if flags.verbose:
            text += _details(seen, time.time())
    sys.stdout.write(text)
    return DONE


# -- the table ------------------------------------------------------------------------------------


def _summary(seen: Survey) -> list[list[str]]:
    kept = {blob for root in seen.roots if root.is_kept for blob in root.blobs}
    of_images = {blob for root in _images(seen) for blob in root.blobs}
    images = {blob: seen.blobs[blob] for blob in of_images if blob in seen.blobs}
    others = {name: item for name, item in seen.blobs.items() if name not in of_images}
    records = sum(len(root.keys) for root in seen.roots if root.kind == "cache")
    named = len({tuple(root.keys) for root in _images(seen)})
    database = seen.database_bytes
    return [
        _row("Images", named, images.values(), _size(images, without=kept)),
        _row("Cached layers", len(others), others.values()),
        _row("Snapshots", len(seen.snapshots), seen.snapshots.values()),
        _row("File indexes", len(seen.indexes), seen.indexes.values()),
        _row("Cache mounts", len(seen.mounts), seen.mounts.values()),
        ["Cache records", str(records), human_size(database), human_size(0)],
    ]


def _row(name: str, count: int, items: Iterable[Item], reclaimable: int | None = None) -> list[str]:
    size = sum(item.size for item in items)
    freed = size if reclaimable is None else reclaimable
    return [name, str(count), human_size(size), human_size(freed)]


def _size(items: Mapping[str, Item], *, without: set[str]) -> int:
    return sum(item.size for name, item in items.items() if name not in without)


def _images(seen: Survey) -> list[Root]:
    return [root for root in seen.roots if root.kind == "image"]


# -- details --------------------------------------------------------------------------------------


def _details(seen: Survey, now_s: float) -> str:
    document = _document(seen)
    sizes = ("size", "shared", "unique")
    images = [[one["name"], *(human_size(one[key]) for key in sizes)] for one in document["images"]]
    layers = [
        [
            one["digest"][7 : 7 + _DIGITS],
            human_size(one["size"]),
            str(len(one["images"])),
            str(one["results"]),
            one["step"],
        ]
        for one in document["layers"]
    ]
    snapshots = [
        [one["name"][:_DIGITS], human_size(one["size"]), ago(one["time"], now_s)]
        for one in document["snapshots"]
    ]
    mounts = [
        [one["id"], human_size(one["size"]), ago(one["time"], now_s)]
        for one in document["cache_mounts"]
    ]
    tables = (
        render_table(("IMAGE", "SIZE", "SHARED", "UNIQUE"), images),
        render_table(("LAYER", "SIZE", "IMAGES", "RESULTS", "MADE BY"), layers),
        render_table(("SNAPSHOT", "SIZE", "MADE"), snapshots),
        render_table(("CACHE MOUNT", "SIZE", "USED"), mounts),
    )
    return "".join(f"\n{table}" for table in tables)


def _document(seen: Survey) -> dict[str, Any]:
    users = Counter(
        blob for one in {r.keys: r for r in _images(seen)}.values() for blob in one.blobs
    )
    return {
        "size": seen.size,
        "database": seen.database_bytes,
        "images": [_image(root, seen, users) for root in _images(seen)],
        "layers": [_layer(name, item, seen) for name, item in sorted(seen.blobs.items())],
        "snapshots": [
            {"name": name, "size": item.size, "time": item.time}
            for name, item in sorted(seen.snapshots.items())
        ],
        "indexes": [
            {"name": name, "size": item.size, "time": item.time}
            for name, item in sorted(seen.indexes.items())
        ],
        "cache_mounts": [
            {
                "id": seen.mount_ids.get(name.partition(".")[0], name),
                "name": name,
                "size": item.size,
                "time": item.time,
            }
            for name, item in sorted(seen.mounts.items())
        ],
    }


def _image(root: Root, seen: Survey, users: Counter[str]) -> dict[str, Any]:
    sizes = {blob: seen.blobs[blob].size for blob in root.blobs if blob in seen.blobs}
    shared = sum(size for blob, size in sizes.items() if users[blob] > 1)
    return {
        "name": root.name if root.is_kept else "<none>",
        "digest": root.keys[0],
        "size": sum(sizes.values()),
        "shared": shared,
        "unique": sum(sizes.values()) - shared,
        "stored": root.used,
    }


def _layer(name: str, item: Item, seen: Survey) -> dict[str, Any]:
    of = [root for root in seen.roots if name in root.blobs]
    cached = [root for root in of if root.kind == "cache"]
    return {
        "digest": f"sha256:{name}",
        "size": item.size,
        "images": sorted(root.name for root in of if root.kind == "image"),
        "results": sum(len(root.keys) for root in cached),
        "step": cached[0].name if cached else "",
        "used": max((root.used for root in of), default=0.0),
    }
