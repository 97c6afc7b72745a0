"""Owns the `registry` output: the image pushed to the registries of its names.

It differs from an archive in nothing but where the bytes go. It refuses images without a name, for there would be no
place to push them to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cache.digest import Digest
from lithify.cache.reference import parse_reference
from lithify.cache.registry.push import Document, Pushed
from lithify.errors import UsageError
from lithify.executor.export.layout import make_content
from lithify.executor.export.options import read_image_options, take_boolean

if TYPE_CHECKING:
    from lithify.executor.export.layout import Content
    from lithify.executor.export.ports import ExportRequest


class RegistryExporter:
    """Implements `Exporter` (specification of outputs, image with push=true)."""

    def export(self, request: ExportRequest) -> Digest | None:
        rest = dict(request.options)
        by_digest = take_boolean(rest, "push-by-digest", False)
        options = read_image_options(rest, request.names)
        if not options.names:
            raise UsageError("tag is needed when pushing to registry", hint="add -t NAME[:TAG]")
        if request.push is None:
            raise UsageError("there is no way to registries here")
        references = tuple(parse_reference(name) for name in options.names)
        image = as_pushed(make_content(request, options))
        return Digest(request.push(image, references, by_digest=by_digest))


def as_pushed(content: Content) -> Pushed:
    """What a registry gets of a layout: manifests first, the one that is named last."""
    raw = dict(content.documents)
    types = {one.descriptor.digest: one.descriptor for one in content.manifests}
    types |= {one.descriptor.digest: one.descriptor for one in content.attestations}
    types[content.digest] = content.named[0]
    documents = (Document(types[digest], data) for digest, data in raw.items())
    ordered = sorted(documents, key=lambda one: one.descriptor.digest == content.digest)
    return Pushed(content.stored, tuple(ordered))
