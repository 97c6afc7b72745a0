"""Owns the renderings of a plan for people and tools: text, JSON, dot, mermaid.

They are stable, so that two plans can be compared by diff, and one renderer serves commands, documentation and
snapshots. It refuses to print and to shorten: every step is shown with all it does.
"""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any, Literal, assert_never

from lithify.compiler.graph import shown_edges
from lithify.compiler.plan import (
    ContextTree,
    CopyOp,
    GitSource,
    ImageOp,
    InlineSource,
    RunOp,
    ScratchTree,
    StepTree,
    TreeSource,
    UrlSource,
    WorkdirOp,
)
from lithify.values import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lithify.compiler.plan import Operation, Plan, PlannedImage, Source, Step, Tree

Format = Literal["text", "json", "dot", "mermaid"]
FORMATS: tuple[Format, ...] = ("text", "json", "dot", "mermaid")
_SHORT_KEY = 12


@dataclass(frozen=True, slots=True)
class StepKey:
    """What a step is known by: its definition key; its key, '' while the content it stands on is not
    known; whether its result is at hand."""

    definition: str
    content: str = ""
    is_cached: bool = False

    @property
    def label(self) -> str:
        """In a few characters: the key where it is known, otherwise the definition in brackets."""
        if not self.content:
            return f"({self.definition[:_SHORT_KEY]})"
        return self.content[:_SHORT_KEY] + (" cached" if self.is_cached else "")


def render_plan(plan: Plan, keys: Sequence[StepKey] = (), form: Format = "text") -> str:
    """The plan as text that ends with a newline; `keys`, one a step, are shown if given."""
    match form:
        case "text":
            lines = _text_lines(plan, keys)
        case "json":
            lines = iter((json.dumps(_document(plan, keys), indent=2, ensure_ascii=False),))
        case "dot":
            lines = _dot_lines(plan, keys)
        case "mermaid":
            lines = _mermaid_lines(plan, keys)
        case _:
            assert_never(form)
    return "\n".join(lines) + "\n"


# -- text -----------------------------------------------------------------------------------------


def _text_lines(plan: Plan, keys: Sequence[StepKey]) -> Iterator[str]:
    for step in plan.steps:
        yield f"{step.index}: {_one_line(step.name)}"
        if keys:
            yield f"   key: {keys[step.index].label}"
        yield f"   on: {'nothing' if step.parent is None else step.parent} ({step.platform})"
        if step.no_cache:
            yield "   no-cache"
        for name, value in _operation_facts(step.op):
            yield f"   {name}: {value}"
    for image in plan.results:
        yield from _image_lines(image)
    if plan.epoch is not None:
        yield f"epoch: {plan.epoch}"
    for warning in plan.warnings:
        yield f"warning: {warning.rule}: {warning.message}"


def _image_lines(image: PlannedImage) -> Iterator[str]:
    yield f"image {image.platform}: {'empty' if image.output is None else image.output}"
    yield f"   config: {json.dumps(image.config.to_json(), ensure_ascii=False)}"
    if image.author:
        yield f"   author: {image.author}"
    for entry in image.history[image.base_history :]:
        yield f"   {'-' if entry.empty_layer else '+'} {_one_line(entry.created_by)}"


def _operation_facts(op: Operation) -> Iterator[tuple[str, str]]:
    match op:
        case ImageOp():
            yield "image", op.image.reference
        case RunOp():
            yield from _run_facts(op)
        case CopyOp():
            for source in op.sources:
                yield "from", _shown_source(source)
            yield "to", op.destination
            for name in ("chown", "chmod", "exclude", "parents", "link", "unpack"):
                value = getattr(op, name)
                if value or (name == "unpack" and op.keyword == "ADD" and value is False):
                    yield name, json.dumps(value)
        case WorkdirOp():
            yield "mkdir", op.path
            if op.user:
                yield "user", op.user


def _run_facts(op: RunOp) -> Iterator[tuple[str, str]]:
    yield "argv", json.dumps(op.argv, ensure_ascii=False)
    for name, value in op.env:
        yield "env", _one_line(f"{name}={value}")
    yield "cwd", op.cwd
    if op.user:
        yield "user", op.user
    if op.network != "default":
        yield "network", op.network
    if not op.secure:
        yield "security", "insecure"
    for mount in op.mounts:
        yield "mount", json.dumps(_plain(mount), ensure_ascii=False)
    if op.script is not None:
        yield f"script {op.script[0]}", json.dumps(op.script[1].decode("utf-8", "replace"))
    if op.proxies:
        yield "proxies", " ".join(name for name, _ in op.proxies)


def _shown_source(source: Source) -> str:
    match source:
        case TreeSource():
            return f"{_shown_tree(source.tree)} {source.path}"
        case InlineSource():
            return f"<<{source.name} {json.dumps(source.content.decode('utf-8', 'replace'))}"
        case UrlSource():
            return " ".join(filter(None, (source.url, source.checksum)))
        case GitSource():
            return json.dumps(_plain(source), ensure_ascii=False)


def _shown_tree(tree: Tree) -> str:
    match tree:
        case StepTree():
            return f"step {tree.step}"
        case ContextTree():
            return f"context {tree.name}" if tree.name else "context"
        case ScratchTree():
            return "scratch"


def _one_line(text: str) -> str:
    return text.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


# -- JSON -----------------------------------------------------------------------------------------


def _document(plan: Plan, keys: Sequence[StepKey]) -> dict[str, Any]:
    return {
        "steps": [_step_document(step, keys) for step in plan.steps],
        "images": [_image_document(image) for image in plan.results],
        "epoch": plan.epoch,
        "warnings": [
            {"rule": one.rule, "message": one.message, "line": one.span.line if one.span else None}
            for one in plan.warnings
        ],
    }


def _step_document(step: Step, keys: Sequence[StepKey]) -> dict[str, Any]:
    document = {
        "index": step.index,
        "name": step.name,
        "stage": step.stage,
        "line": step.span.line,
        "platform": str(step.platform),
        "parent": step.parent,
        "inputs": list(step.inputs),
        "no_cache": step.no_cache,
        "operation": _operation_document(step.op),
    }
    if keys:
        key = keys[step.index]
        document |= {
            "definition_key": key.definition,
            "key": key.content or None,
            "cached": key.is_cached,
        }
    return document


def _operation_document(op: Operation) -> dict[str, Any]:
    if isinstance(op, ImageOp):
        image = op.image
        return {"kind": "ImageOp", "reference": image.reference, "digest": image.manifest.digest}
    document = _plain(op)
    assert isinstance(document, dict)
    if isinstance(op, RunOp):
        document["proxies"] = [name for name, _ in op.proxies]
    return document


def _plain(value: object) -> Any:
    """A value of the plan as JSON; dataclasses say their kind."""
    if is_dataclass(value):
        members = {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
        return {"kind": type(value).__name__, **members}
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return value


def _image_document(image: PlannedImage) -> dict[str, Any]:
    return {
        "platform": str(image.platform),
        "output": image.output,
        "author": image.author,
        "config": image.config.to_json(),
        "history": [entry.to_json() for entry in image.history],
        "base_history": image.base_history,
    }


# -- graphs ---------------------------------------------------------------------------------------


def _dot_lines(plan: Plan, keys: Sequence[StepKey]) -> Iterator[str]:
    yield "digraph plan {"
    yield "  node [shape=box];"
    for step in plan.steps:
        label = _one_line(step.name) + (f"\n{keys[step.index].label}" if keys else "")
        yield f"  {step.index} [label={json.dumps(label, ensure_ascii=False)}];"
    for number, image in enumerate(plan.results):
        yield f'  image{number} [shape=oval, label="{image.platform}"];'
    for one, other in shown_edges(plan):
        yield f"  {one} -> {other};"
    for number, image in enumerate(plan.results):
        if image.output is not None:
            yield f"  {image.output} -> image{number};"
    yield "}"


def _mermaid_lines(plan: Plan, keys: Sequence[StepKey]) -> Iterator[str]:
    yield "flowchart TD"
    for step in plan.steps:
        key = f"<br>{keys[step.index].label}" if keys else ""
        yield f'  s{step.index}["{_mermaid_text(step.name)}{key}"]'
    for number, image in enumerate(plan.results):
        yield f'  image{number}(["{image.platform}"])'
    for one, other in shown_edges(plan):
        yield f"  s{one} --> s{other}"
    for number, image in enumerate(plan.results):
        if image.output is not None:
            yield f"  s{image.output} --> image{number}"


def _mermaid_text(text: str) -> str:
    """Mermaid reads entities, not escapes: `#quot;` for quotes."""
    escaped = _one_line(text).replace("#", "#35;").replace('"', "#quot;")
    return escaped.replace("<", "#lt;").replace(">", "#gt;")
