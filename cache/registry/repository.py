"""Owns the operations on one repository of a registry: manifests and blobs, there and back.

Nothing that comes in is believed: manifests are compared with their digest, blobs with digest and size while they
stream into the store, a broken transfer goes on where it stopped. It refuses to know images: which manifests and
blobs belong together is the business of pull and push.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO
from urllib.parse import quote, urljoin

from lithify.cache.digest import Digest
from lithify.cache.documents import MOST_DOCUMENT_BYTES
from lithify.cache.oci import (
    INDEX_TYPES,
    MANIFEST_TYPES,
    MEDIA_INDEX,
    MEDIA_MANIFEST,
    Descriptor,
    parse_json_object,
)
from lithify.cache.registry.channel import Ask
from lithify.cache.registry.download import Download
from lithify.cache.registry.upload import Upload
from lithify.errors import Corrupt, DigestMismatch, RegistryError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lithify.cache.blobs import FileBlobStore
    from lithify.cache.registry.channel import Channel
    from lithify.cache.registry.locations import Location
    from lithify.cache.registry.transport import Response, Transport
    from lithify.cache.registry.upload import Places

    #: Takes the number of bytes that went through; negative when they must be sent again.
    Counter = Callable[[int], None]

_ACCEPT = ", ".join((*MANIFEST_TYPES, *INDEX_TYPES))


@dataclass(frozen=True, slots=True)
class ReceivedManifest:
    """A manifest or index as it was received; its digest is over `raw`."""

    descriptor: Descriptor
    raw: bytes


class Repository:
    """One repository at one location; thread-safe."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    @property
    def location(self) -> Location:
        return self.channel.location

    @property
    def origin(self) -> tuple[str, str]:
        """Host and repository, for a registry that takes blobs over by itself."""
        return self.location.host, self.location.repository

    @property
    def _transport(self) -> Transport:
        return self.channel.transport

    # -- manifests -------------------------------------------------------------------------------

    def manifest(self, selector: str) -> ReceivedManifest:
        """The manifest or index of a tag or digest. Raises RegistryError, DigestMismatch, Corrupt."""
        ask = Ask(
            f"getting {self._named(selector)}",
            "GET",
            self._path("manifests", selector),
            self._scopes("pull"),
            {"Accept": _ACCEPT},
        )
        raw, answer = self.channel.ask_document(ask, MOST_DOCUMENT_BYTES)
        digest = Digest.of(raw)
        promised = selector if ":" in selector else answer.headers.get("Docker-Content-Digest", "")
        if promised.startswith("sha256:") and promised != digest:
            raise DigestMismatch(
                f"{self.location.host} sent {digest} for {self._named(selector)}, not {promised}"
            )
        media_type = _manifest_type(raw, answer.headers.get("Content-Type", ""))
        return ReceivedManifest(Descriptor(media_type, digest, len(raw)), raw)

    def manifest_digest(self, selector: str) -> Digest | None:
        """The digest of a tag without its manifest; None if the registry does not tell. Raises RegistryError."""
        ask = Ask(
            f"looking for {self._named(selector)}",
            "HEAD",
            self._path("manifests", selector),
            self._scopes("pull"),
            {"Accept": _ACCEPT},
            hoped=(200, 405),
        )
        answer, url = self.channel.ask(ask)
        self._transport.discard(answer, url)
        try:
            return Digest(answer.headers.get("Docker-Content-Digest", ""))
        except Corrupt:
            return None

    def has_manifest(self, descriptor: Descriptor) -> bool:
        """Whether a manifest is there by its digest. Raises RegistryError."""
        return self._exists(self._path("manifests", descriptor.digest), {"Accept": _ACCEPT})

    def put_manifest(self, selector: str, raw: bytes, media_type: str) -> bool:
        """Name a manifest whose blobs are there; whether the registry saw a subject in it. Raises RegistryError."""
        ask = Ask(
            f"pushing {self._named(selector)}",
            "PUT",
            self._path("manifests", selector),
            self._scopes("pull,push"),
            {"Content-Type": media_type},
            raw,
            (200, 201, 202),
        )
        answer, url = self.channel.ask(ask)
        self._transport.discard(answer, url)
        return bool(answer.headers.get("OCI-Subject"))

    # -- blobs -----------------------------------------------------------------------------------

    def download(self, descriptor: Descriptor, blobs: FileBlobStore, count: Counter) -> None:
        """Take a blob into the store. Raises RegistryError, DigestMismatch (digest or size), StoreError."""
        Download(self, descriptor, count).receive(blobs)

    def small_blob(self, descriptor: Descriptor, limit: int) -> bytes:
        """A small blob, verified. Raises RegistryError, DigestMismatch, Corrupt (too large)."""
        if descriptor.size > limit:
            raise Corrupt(f"the blob {descriptor.digest} is larger than {limit} bytes")
        ask = self.blob_ask(descriptor, {"Accept-Encoding": "identity"}, (200,))
        data, _ = self.channel.ask_document(ask, limit)
        if Digest.of(data) != descriptor.digest:
            raise DigestMismatch(
                f"{self.location.host} sent other bytes for the blob {descriptor.digest}"
            )
        return data

    def has_blob(self, descriptor: Descriptor) -> bool:
        """Raises RegistryError."""
        return self._exists(self._path("blobs", descriptor.digest), {})

    def mount(self, descriptor: Descriptor, source: str) -> bool:
        """Take a blob over from another repository of the same registry; False if that is not possible.

        Raises RegistryError."""
        query = f"?mount={quote(descriptor.digest)}&from={quote(source)}"
        ask = Ask(
            f"mounting a blob from {source}",
            "POST",
            self._path("blobs", "uploads/") + query,
            (*self._scopes("pull,push"), f"repository:{source}:pull"),
            {"Content-Length": "0"},
            hoped=(201, 202, 401, 403, 404, 405),
        )
        answer, url = self.channel.ask(ask)
        self._transport.discard(answer, url)
        if answer.status == 202 and (place := answer.headers.get("Location")):
            self._give_up(urljoin(url, place))
        return bool(answer.status == 201)

    def upload(
        self,
        descriptor: Descriptor,
        open_at: Callable[[int], BinaryIO],
        count: Counter,
        places: Places | None = None,
    ) -> None:
        """Send a blob; `open_at` gives its bytes from an offset, `places` where another process was sending it.

        Raises RegistryError, ContentError, StoreError."""
        Upload(self, descriptor, open_at, count, places).send()

    def start_upload(self) -> str:
        """The URL of a new upload. Raises RegistryError."""
        ask = Ask(
            f"pushing to {self.location.name}",
            "POST",
            self._path("blobs", "uploads/"),
            self._scopes("pull,push"),
            {"Content-Length": "0"},
            hoped=(202,),
        )
        answer, url = self.channel.ask(ask)
        self._transport.discard(answer, url)
        return self.place(answer, url)

    def place(self, answer: Response, url: str) -> str:
        """Where an upload goes on. Raises RegistryError."""
        place = answer.headers.get("Location", "")
        if not place:
            raise RegistryError(f"{self.location.host} names no place for an upload")
        found = urljoin(url, place)
        if found.startswith("http://") and not self.location.may_be_plain:
            raise RegistryError(f"{self.location.host} wants an upload without TLS")
        return found

    def upload_ask(self, method: str, url: str, **fields: object) -> Ask:
        """A request about an upload."""
        what = f"pushing a blob to {self.location.name}"
        return Ask(what, method, url, self._scopes("pull,push"), **fields)  # type: ignore[arg-type]

    def _give_up(self, url: str) -> None:
        """End an upload that is not wanted; whether that works does not matter."""
        try:
            answer, url = self.channel.ask_once(self.upload_ask("DELETE", url, hoped=(204,)))
        except RegistryError:
            return
        self._transport.discard(answer, url)

    # -- requests --------------------------------------------------------------------------------

    def blob_ask(
        self, descriptor: Descriptor, headers: dict[str, str], hoped: tuple[int, ...]
    ) -> Ask:
        """A request for a blob."""
        what = f"getting the blob {descriptor.digest.short} of {self.location.name}"
        path = self._path("blobs", descriptor.digest)
        return Ask(what, "GET", path, self._scopes("pull"), headers, hoped=hoped)

    def _exists(self, path: str, headers: dict[str, str]) -> bool:
        ask = Ask(
            f"asking {self.location.name}",
            "HEAD",
            path,
            self._scopes("pull,push"),
            headers,
            None,
            (200, 404),
        )
        answer, url = self.channel.ask(ask)
        self._transport.discard(answer, url)
        return bool(answer.status == 200)

    def _path(self, kind: str, name: str) -> str:
        return f"/v2/{self.location.repository}/{kind}/{name}"

    def _scopes(self, actions: str) -> tuple[str, ...]:
        return (f"repository:{self.location.repository}:{actions}",)

    def _named(self, selector: str) -> str:
        return f"{self.location.name}{'@' if ':' in selector else ':'}{selector}"


def _manifest_type(raw: bytes, content_type: str) -> str:
    """What it says of itself, else what the registry says. Raises Corrupt."""
    value = parse_json_object(raw, "the manifest")
    if value.get("schemaVersion") == 1:
        raise Corrupt(
            "the image has a manifest of schema version 1, which is no longer supported",
            hint="pull and push it again with a current tool",
        )
    own = value.get("mediaType")
    if isinstance(own, str) and own:
        return own
    said = content_type.partition(";")[0].strip()
    if said in (*MANIFEST_TYPES, *INDEX_TYPES):
        return said
    return MEDIA_INDEX if "manifests" in value else MEDIA_MANIFEST
