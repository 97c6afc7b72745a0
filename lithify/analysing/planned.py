"""Owns the planning of a file that is only looked at: with images that need not be there, and with other arguments.

An image that the store lacks is stood in for by one that its name alone determines, so that another name still is
another image. It refuses registries: what is looked at is what is here.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from lithify.cache.digest import Digest
from lithify.cache.oci import Descriptor, ImageConfig
from lithify.cache.ports import ResolvedImage
from lithify.compiler.checks import early_errors
from lithify.compiler.stages import make_plan
from lithify.contexts import Contexts, make_access
from lithify.errors import ImageNotFound, SourceErrors, SourceText
from lithify.grammar.parser import parse
from lithify.planning import build_options

if TYPE_CHECKING:
    from typing import Self

    from lithify.cache.platform import Platform
    from lithify.cache.ports import ImageResolver
    from lithify.compiler.plan import Plan
    from lithify.requests import BuildRequest
    from lithify.surroundings import Surroundings


@dataclass(frozen=True, slots=True)
class NamedImages:
    """Asks another resolver; where that finds nothing, the answer is an empty image that only its name determines."""

    port: ImageResolver
    missing: dict[str, None] = field(default_factory=dict)

    def resolve(self, reference: str, platform: Platform) -> ResolvedImage:
        """The image, known or stood in for."""
        try:
            return self.port.resolve(reference, platform)
        except ImageNotFound:
            self.missing[reference] = None
            name = Digest.of(reference.encode("utf-8", "surrogateescape"))
            config = ImageConfig(platform, diff_ids=(name,))
            return ResolvedImage(reference, Descriptor("", name, 0), config, ())


class LookedAt:
    """One Dockerfile with its contexts; a context manager that closes them. Making it raises LithifyError."""

    def __init__(self, request: BuildRequest, around: Surroundings) -> None:
        self.request = request
        self.contexts = Contexts(
            request, around.store, make_access(request, around.cancellation), around.stdin
        )
        try:
            self.inputs = self.contexts.read_inputs()
            text = self.inputs.dockerfile.decode("utf-8", "replace")
            self.dockerfile = parse(SourceText(self.inputs.name, text))
            if errors := early_errors(self.dockerfile):
                raise SourceErrors(errors)
            self.options = build_options(request, self.contexts)
        except BaseException:
            self.contexts.close()
            raise
        self.images = NamedImages(around.registries.resolver("never"))
        self.plan = self._plan(self.images)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.contexts.close()

    def replan(self, name: str, value: str) -> Plan:
        """The plan with another value of a build argument. Raises LithifyError."""
        given = (*(one for one in self.options.build_args if one[0] != name), (name, value))
        options = replace(self.options, build_args=given)
        return make_plan(self.dockerfile, options, NamedImages(self.images.port))

    def _plan(self, images: NamedImages) -> Plan:
        try:
            return make_plan(self.dockerfile, self.options, images)
        except BaseException:
            self.contexts.close()
            raise
