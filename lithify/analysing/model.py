"""Owns the values of an analysis: plain data that every form of the report shows in the same words.

Steps are numbered from 1, as `lithify why` does; times are seconds, sizes bytes. It refuses to know how they are found
and how they are shown. Every text in them may come from strangers.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class StepView(NamedTuple):
    """A step of the plan. `seconds` is how long it last ran (None: not known), `outcome` what the last build did;
    `line` is where it stands in the Dockerfile (of a trigger, that of its FROM)."""

    number: int
    name: str
    stage: int
    line: int
    inputs: tuple[int, ...]
    seconds: float | None = None
    outcome: str = ""

    @property
    def text(self) -> str:
        """The instruction, without where it stands."""
        return self.name.partition("] ")[2] if self.name.startswith("[") else self.name


class StageView(NamedTuple):
    """A stage: its steps by number, and the stages (by place in the list) that it takes files from or stands on."""

    name: str
    platform: str
    steps: tuple[int, ...]
    needs: tuple[int, ...]


class Change(NamedTuple):
    """Something that may change, and the steps that then rerun at most.

    `kind` is files, argument or question; `detail` is examples of the files, or the argument's value. `work_s` is
    the time of all steps, `wait_s` that of the longest chain among them, both without `untimed` steps."""

    kind: str
    label: str
    detail: str
    steps: tuple[int, ...]
    work_s: float = 0.0
    wait_s: float = 0.0
    untimed: int = 0
    note: str = ""


class BuildView(NamedTuple):
    """The last build of the same file: its id, Unix time, duration, and digest ('' if it failed)."""

    id: str
    created: float
    seconds: float
    digest: str
    error: str


class FileAnalysis(NamedTuple):
    """What is known of a Dockerfile. `unneeded` are stages that the target does not use."""

    dockerfile: str
    context: str
    target: str
    stages: tuple[StageView, ...]
    steps: tuple[StepView, ...]
    unneeded: tuple[str, ...]
    changes: tuple[Change, ...]
    answers: tuple[Change, ...]
    last_build: BuildView | None
    notes: tuple[str, ...]


class InstructionSize(NamedTuple):
    """An entry of an image's history; without a layer, all numbers are 0 and `layer` is ''."""

    instruction: str
    layer: str
    size_bytes: int
    wasted_bytes: int
    files: int


class FolderSize(NamedTuple):
    """A folder with all that is below it."""

    path: str
    size_bytes: int


class PackageView(NamedTuple):
    """An installed package; `size_bytes` None where nothing says which files are its own."""

    kind: str
    name: str
    version: str
    size_bytes: int | None


class WasteView(NamedTuple):
    """A path that is stored but not seen; the instructions are those that stored and hid it last."""

    path: str
    size_bytes: int
    times: int
    how: str
    stored_by: str
    hidden_by: str


class ImageAnalysis(NamedTuple):
    """What an image holds. `size_bytes` is what one sees, `layers_bytes` what its layers hold unpacked,
    `stored_bytes` what the blobs take."""

    name: str
    digest: str
    platform: str
    size_bytes: int
    layers_bytes: int
    stored_bytes: int
    wasted_bytes: int
    instructions: tuple[InstructionSize, ...]
    folders: tuple[FolderSize, ...]
    packages: tuple[PackageView, ...]
    waste: tuple[WasteView, ...]
    notes: tuple[str, ...]


class FindingView(NamedTuple):
    """What the linter found."""

    line: int
    column: int
    code: str
    level: str
    message: str
    url: str


class Analysis(NamedTuple):
    """A whole report; what was not asked for or cannot be known is None or empty."""

    title: str
    file: FileAnalysis | None = None
    image: ImageAnalysis | None = None
    findings: tuple[FindingView, ...] = ()
    notes: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The same as plain data."""
        document = _plain(self)
        assert isinstance(document, dict)
        return document


def _plain(value: object) -> object:
    if hasattr(value, "_asdict"):
        return {name: _plain(one) for name, one in value._asdict().items()}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value
