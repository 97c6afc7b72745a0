"""Images made in memory: layers are tars of this test's making, so that only what is compared is at stake."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
from typing import TYPE_CHECKING, Any, BinaryIO

from lithify.executor.compare.archives import compare_content
from lithify.executor.compare.images import ImageSide
from lithify.executor.compare.trees import LayerSource

if TYPE_CHECKING:
    from lithify.executor.compare.model import Finding


def pack(
    *members: tuple[str, bytes | None, dict[str, Any]], form: int = tarfile.PAX_FORMAT
) -> bytes:
    """A tar; a member is its name, its content (None: by its `type`), and properties of a TarInfo."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, content, properties in members:
            info = tarfile.TarInfo(name)
            for key, value in properties.items():
                setattr(info, key, value)
            info.size = len(content or b"")
            archive.addfile(info, io.BytesIO(content or b""))
    return out.getvalue()


def file(name: str, content: bytes = b"text\n", **properties: Any) -> tuple[str, bytes, Any]:
    return name, content, properties


def link(name: str, target: str) -> tuple[str, None, Any]:
    return name, None, {"type": tarfile.SYMTYPE, "linkname": target}


def directory(name: str, **properties: Any) -> tuple[str, None, Any]:
    return name, None, {"type": tarfile.DIRTYPE, "mode": 0o755, **properties}


def layer(data: bytes, made_by: str = "") -> LayerSource:
    def opened() -> BinaryIO:
        return io.BytesIO(data)

    return LayerSource(f"sha256:{hashlib.sha256(data).hexdigest()}", opened, made_by)


def image(*layers: bytes, config: dict[str, Any] | None = None, **manifest: Any) -> ImageSide:
    """An image of these layers."""
    sources = tuple(layer(data, f"RUN step {number}") for number, data in enumerate(layers, 1))
    document = {"config": config or {}, "rootfs": {"diff_ids": [one.diff_id for one in sources]}}
    raw = json.dumps(document).encode()
    whole = json.dumps({"config": {"digest": hashlib.sha256(raw).hexdigest()}, **manifest})
    digest = hashlib.sha256(whole.encode()).hexdigest()
    return ImageSide(f"sha256:{digest}", whole.encode(), raw, sources)


def findings(before: bytes, after: bytes, name: str = "file") -> tuple[Finding, ...]:
    """How two contents differ. Members of tars are reopened by descriptor, hence real files."""
    from tempfile import TemporaryFile

    with TemporaryFile() as one, TemporaryFile() as other:
        one.write(before)
        other.write(after)
        one.flush()
        other.flush()
        return compare_content(one, other, name)  # type: ignore[arg-type]
