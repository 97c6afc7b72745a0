"""Size and form that no linter checks: modules and functions that fit a head, docstrings that say why."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("lithify", "grammar", "compiler", "executor", "cache")
MOST_MODULE_LINES = 400
MOST_FUNCTION_LINES = 60

#: Path or `path:function` -> why it may be longer. Empty is the good state.
LONGER: dict[str, str] = {}


def _modules() -> list[str]:
    return sorted(
        str(path.relative_to(ROOT)) for folder in FOLDERS for path in (ROOT / folder).rglob("*.py")
    )


@cache
def _tree(module: str) -> ast.Module:
    return ast.parse((ROOT / module).read_text("utf-8"), module)


def _functions(module: str) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
    nodes = ast.walk(_tree(module))
    return [one for one in nodes if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)]


def _is_mutable(value: ast.expr | None) -> bool:
    if isinstance(value, ast.List | ast.Set | ast.ListComp | ast.SetComp):
        return True
    return isinstance(value, ast.Call) and getattr(value.func, "id", "") in ("list", "set")


def test_all_five_folders_are_looked_at() -> None:
    assert {Path(module).parts[0] for module in _modules()} == set(FOLDERS)


def test_modules_are_short_enough_to_be_read_whole() -> None:
    lengths = {one: len((ROOT / one).read_text("utf-8").splitlines()) for one in _modules()}
    assert not {
        module: lines
        for module, lines in lengths.items()
        if lines > MOST_MODULE_LINES and module not in LONGER
    }


def test_functions_are_short_enough_to_be_read_at_once() -> None:
    lengths = {
        f"{module}:{one.name}": (one.end_lineno or one.lineno) - one.lineno + 1
        for module in _modules()
        for one in _functions(module)
    }
    assert not {
        name: lines
        for name, lines in lengths.items()
        if lines > MOST_FUNCTION_LINES and name not in LONGER
    }


def test_every_module_says_what_it_owns() -> None:
    assert not [one for one in _modules() if not ast.get_docstring(_tree(one))]


def test_modules_keep_no_mutable_state() -> None:
    lists_and_sets = [
        f"{module}:{node.lineno}"
        for module in _modules()
        for node in _tree(module).body
        if isinstance(node, ast.Assign | ast.AnnAssign) and _is_mutable(node.value)
    ]
    globals_ = [
        f"{module}:{node.lineno}"
        for module in _modules()
        for node in ast.walk(_tree(module))
        if isinstance(node, ast.Global)
    ]
    assert not lists_and_sets + globals_


def test_nothing_prints_below_the_command_line() -> None:
    assert not [
        f"{module}:{node.lineno}"
        for module in _modules()
        if not module.startswith("lithify/cli/")
        for node in ast.walk(_tree(module))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "print"
    ]


def test_nothing_is_left_for_later() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "X" * 3)
    assert not [
        f"{module}:{number}"
        for module in _modules()
        for number, line in enumerate((ROOT / module).read_text("utf-8").splitlines(), 1)
        if any(mark in line.split() or f"{mark}:" in line for mark in marks)
    ]


def test_exceptions_from_the_limits_still_exist_and_give_a_reason() -> None:
    for name, reason in LONGER.items():
        assert (ROOT / name.partition(":")[0]).is_file()
        assert reason
