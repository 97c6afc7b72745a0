"""Owns what the doors ask about images: details, history, exports, base images made on the spot.

It answers in the words people know from docker, as plain values. It refuses layout and colours: that is rendering.
"""

from __future__ import annotations

import os
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, BinaryIO

from lithify.cache.archives import import_rootfs
from lithify.cache.digest import Digest
from lithify.cache.oci import MEDIA_CONFIG, Descriptor, HistoryEntry, ImageConfig
from lithify.cache.platform import host_platform
from lithify.cache.reference import InvalidReference, parse_reference
from lithify.cache.resolver import StoreResolver
from lithify.errors import ImageNotFound
from lithify.requests import HistoryRow

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lithify.cache.platform import Platform
    from lithify.cache.ports import ResolvedImage
    from lithify.cache.store import Store
    from lithify.executor.events import Event

_PROXIES = frozenset(("http_proxy", "https_proxy", "ftp_proxy", "all_proxy", "no_proxy"))


def find(store: Store, name: str) -> Descriptor:
    """The image of a name, digest or id. Raises ImageNotFound."""
    found = store.images.get(name)
    if found is None:
        raise ImageNotFound(f"no such image: {name}", hint="`lithify images` lists what is there")
    return found


def resolve(store: Store, name: str) -> ResolvedImage:
    """An image by name, digest or id, for this machine's platform. Raises ImageNotFound."""
    platform = host_platform(os.uname().machine)
    found = store.images.get(name)
    if found is not None:
        return store.images.resolve(found, platform, name)
    return StoreResolver(store).resolve(name, platform)


def inspect(store: Store, name: str) -> dict[str, Any]:
    """One image in the shape of docker's inspect. Raises ImageNotFound."""
    found = find(store, name)
    image = resolve(store, name)
    config = image.config
    return {
        "Id": str(found.digest),
        "RepoTags": [
            parse_reference(one.name).familiar
            for one in store.images.list()
            if one.name and one.descriptor.digest == found.digest
        ],
        "Created": config.created,
        "Author": config.author,
        "Architecture": config.platform.architecture,
        "Variant": config.platform.variant,
        "Os": config.platform.os,
        "Size": sum(layer.descriptor.size for layer in image.layers),
        "Config": config.config.to_json(),
        "RootFS": {"Type": "layers", "Layers": [str(one) for one in config.diff_ids]},
        "History": [entry.to_json() for entry in config.history],
        "Descriptor": image.manifest.to_json(),
        "Manifest": {"Layers": [layer.descriptor.to_json() for layer in image.layers]},
    }


def history(store: Store, name: str) -> tuple[HistoryRow, ...]:
    """The history of an image, newest first. Raises ImageNotFound."""
    image = resolve(store, name)
    layers = iter(image.layers)
    rows = []
    for entry in image.config.history:
        layer = None if entry.empty_layer else next(layers, None)
        rows.append(
            HistoryRow(
                entry.created,
                entry.created_by,
                layer.descriptor.size if layer else 0,
                entry.comment,
                layer.diff_id if layer else "",
            )
        )
    return tuple(reversed(rows))


def save(
    store: Store,
    names: Sequence[str],
    dest: str,
    stdout: BinaryIO | None,
    *,
    platform: Platform | None,
    for_docker: bool,
    compression: str,
) -> None:
    """Write images into one archive, each under the names it was asked for by.

    Raises ImageNotFound, UsageError, ContentError, StoreError."""
    from lithify.executor.export.files import output_file
    from lithify.executor.export.options import read_image_options
    from lithify.executor.export.ports import ExportRequest
    from lithify.executor.export.stored import stored_content, write_images

    wanted: dict[Descriptor, list[str]] = {}
    for name in names:
        found = find(store, name)
        full = _name_of(store, found, name)
        wanted.setdefault(found, []).extend([full] if full else [])
    contents = [
        stored_content(
            store,
            one,
            read_image_options({"compression": compression}, tuple(dict.fromkeys(of_image))),
            platform=platform,
            is_attested=not for_docker,
        )
        for one, of_image in wanted.items()
    ]
    with output_file(ExportRequest(store, (), dest=dest, stdout=stdout)) as out:
        write_images(store, contents, out, for_docker=for_docker)


def _name_of(store: Store, found: Descriptor, written: str) -> str:
    """The full name if an image was asked for by one, '' if by its id."""
    of_image = {one.name for one in store.images.list() if one.descriptor.digest == found.digest}
    try:
        full = str(parse_reference(written))
    except InvalidReference:
        return ""
    return full if full in of_image else ""


def export(
    store: Store, name: str, dest: str, stdout: BinaryIO | None, *, platform: Platform | None
) -> None:
    """Write an image's whole file system as one tar, as `docker export` does a container's.

    Raises ImageNotFound, UsageError, ContentError, StoreError, SandboxError."""
    from lithify.executor.export.ports import ExportImage, ExportRequest, exporter_for

    found = find(store, name)
    wanted = platform or host_platform(os.uname().machine)
    image = store.images.resolve(found, wanted, name)
    parts = ExportImage(
        image.manifest,
        Descriptor(MEDIA_CONFIG, Digest(image.config_digest), 0),
        image.layers,
        image.config.platform,
    )
    request = ExportRequest(store, (parts,), dest=dest, stdout=stdout)
    exporter_for("tar").export(request)


def import_tar(
    store: Store, stream: BinaryIO, names: Sequence[str], platform: Platform, comment: str
) -> Descriptor:
    """An image whose one layer is a tar, without any configuration. Raises Corrupt, StoreError."""
    made = "1980-01-01T00:00:00Z"
    config = ImageConfig(
        platform, history=(HistoryEntry(made, "", "", comment or "imported"),), created=made
    )
    descriptor = import_rootfs(store, stream, config)
    store.images.add(descriptor, names)
    return descriptor


def bootstrap(
    store: Store,
    what: str,
    tag: str,
    environment: Mapping[str, str],
    on_event: Callable[[Event], None],
) -> tuple[str, ...]:
    """Make a base image from this machine's own packages and name it. Raises BuildError."""
    from lithify.executor.bootstrap.recipes import bootstrap as make_base_image
    from lithify.executor.events import Notice

    def note(text: str) -> None:
        on_event(Notice(text))

    with TemporaryDirectory(dir=store.tmp_dir()) as work:
        proxies = {name: environment[name] for name in environment if name.lower() in _PROXIES}
        base = make_base_image(what, Path(work), note, environment=proxies)
        config = ImageConfig(
            host_platform(os.uname().machine),
            base.config,
            history=(HistoryEntry(base.created, f"lithify bootstrap {what}"),),
            created=base.created,
        )
        with base.tar_path.open("rb") as rootfs:
            descriptor = import_rootfs(store, rootfs, config)
    names = (tag,) if tag else base.names
    store.images.add(descriptor, names)
    return tuple(parse_reference(name).familiar for name in names)
