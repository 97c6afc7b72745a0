"""Owns the engine's door to analyses, apart from the engine so that its module stays small.

Like the engine it loads what answers only when it is asked. It refuses to have a store of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.attested import AttestedImages

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from lithify.analysing.model import Analysis
    from lithify.executor.events import Event
    from lithify.requests import AnalysisRequest, EngineOptions
    from lithify.surroundings import Surroundings


class AnalysedBuilds(AttestedImages):
    """What an engine tells of files and images without building."""

    _options: EngineOptions

    def _surroundings(
        self,
        on_event: Callable[[Event], None],
        stdin: BinaryIO | None,
        stdout: BinaryIO | None,
    ) -> Surroundings:
        """What the engine that this is a part of lends to a build."""
        raise NotImplementedError

    def analyse(self, request: AnalysisRequest) -> Analysis:
        """What a Dockerfile or an image is made of, and what makes it rerun. Raises LithifyError."""
        from lithify.analysing.run import analyse

        around = self._surroundings(lambda _: None, None, None)
        return analyse(request, around, self._options.environment)
