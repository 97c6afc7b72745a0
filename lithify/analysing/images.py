"""Owns the analysis of an image: sizes by instruction, folder and package, and what is stored but not seen.

It joins the history of the config to what the layers hold. It refuses to believe that they agree: a history that does not
fit the layers names them by digest.
"""

from __future__ import annotations

import posixpath
from itertools import zip_longest
from typing import TYPE_CHECKING

from lithify.analysing.model import (
    FolderSize,
    ImageAnalysis,
    InstructionSize,
    PackageView,
    WasteView,
)
from lithify.executor.attest.scan import scan_layers
from lithify.executor.contents import read_contents
from lithify.executor.ownership import package_sizes

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.cache.ports import ResolvedImage
    from lithify.cache.store import Store
    from lithify.executor.contents import Contents

#: Folders smaller than this share of the image are not told of, nor more than so many of anything.
_SHARE = 0.01
_MOST_FOLDERS = 60
_MOST_PACKAGES = 500
_MOST_WASTE = 200
_DEEPEST = 6


def analyse_image(store: Store, image: ResolvedImage, name: str) -> ImageAnalysis:
    """What an image holds. Raises NotFound, Corrupt, DigestMismatch, RegistryError, BuildError."""
    contents = read_contents(store, image.layers)
    found = scan_layers(store, image.layers)
    sizes = contents.folder_sizes()
    waste = contents.waste()
    packages = package_sizes(found.packages, contents)
    makers = _makers(image)
    notes = [*found.notes]
    for what, all_, most in (
        ("packages", len(packages), _MOST_PACKAGES),
        ("wasted paths", len(waste), _MOST_WASTE),
    ):
        if all_ > most:
            notes.append(f"the largest {most} of {all_} {what} are listed")
    return ImageAnalysis(
        name,
        str(image.manifest.digest),
        str(image.config.platform),
        sizes[""],
        sum(layer.size_bytes for layer in contents.layers),
        sum(layer.descriptor.size for layer in image.layers),
        sum(layer.wasted_bytes for layer in contents.layers),
        tuple(_instructions(image, contents)),
        _folders(sizes),
        tuple(PackageView(*one) for one in packages[:_MOST_PACKAGES]),
        tuple(
            WasteView(
                one.path,
                one.size_bytes,
                one.times,
                "deleted" if one.is_deleted else "overwritten",
                makers[one.stored],
                makers[one.hidden],
            )
            for one in waste[:_MOST_WASTE]
        ),
        tuple(notes),
    )


def _makers(image: ResolvedImage) -> list[str]:
    """For each layer, the instruction that made it."""
    made = [one.created_by or one.comment for one in image.config.history if not one.empty_layer]
    names = [str(layer.diff_id) for layer in image.layers]
    return [by or name for by, name in zip_longest(made, names, fillvalue="")][: len(names)]


def _instructions(image: ResolvedImage, contents: Contents) -> Iterator[InstructionSize]:
    """The history in its order, with its layers; then layers that it does not tell of."""
    layers = iter(contents.layers)
    for entry in image.config.history:
        text = entry.created_by or entry.comment
        layer = None if entry.empty_layer else next(layers, None)
        if layer is None:
            yield InstructionSize(text, "", 0, 0, 0)
        else:
            yield InstructionSize(text, *layer)
    for layer in layers:
        yield InstructionSize(layer.diff_id, *layer)


def _folders(sizes: dict[str, int]) -> tuple[FolderSize, ...]:
    """The folders that matter, sorted by path; not the root, and none that only holds another one."""
    least = sizes[""] * _SHARE
    inner = {(posixpath.dirname(path), size) for path, size in sizes.items() if path}
    rows = [
        FolderSize(path, size)
        for path, size in sizes.items()
        if path and size and size >= least and path.count("/") < _DEEPEST
        if (path, size) not in inner
    ]
    largest = sorted(rows, key=lambda row: (-row.size_bytes, row.path))[:_MOST_FOLDERS]
    return tuple(sorted(largest))
