"""Owns what holds for every test: who may run, where the store is, and that nothing is skipped unseen.

A test that needs root or a program of the machine is skipped with the reason where it cannot run. With
LITHIFY_TEST_NO_SKIP=1, as continuous integration sets it, a skip is a failure: what is not run is not known.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

_CAP_SYS_ADMIN = 21
settings.register_profile("thorough", max_examples=5000, deadline=None)
_Report = TypeVar("_Report", pytest.TestReport, pytest.CollectReport)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    _leave_out_the_network(config, items)
    reason = _why_not_privileged()
    if reason:
        skip = pytest.mark.skip(reason=reason)
        for item in items:
            if item.get_closest_marker("root"):
                item.add_marker(skip)


def _leave_out_the_network(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what needs package mirrors, unless `-m` or LITHIFY_TEST_NETWORK=1 asks for it."""
    if config.option.markexpr or os.environ.get("LITHIFY_TEST_NETWORK") == "1":
        return
    chosen = [item for item in items if not item.get_closest_marker("network")]
    left = [item for item in items if item.get_closest_marker("network")]
    items[:] = chosen
    config.hook.pytest_deselected(items=left)


def _why_not_privileged() -> str:
    if os.geteuid() != 0:
        return "needs root: mounts and namespaces are made for real"
    status = Path("/proc/self/status").read_text("ascii", "replace")
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    if not int(fields["CapEff"], 16) & (1 << _CAP_SYS_ADMIN):
        return "needs CAP_SYS_ADMIN: mounts and namespaces are made for real"
    return ""


def _forbid_skip(report: _Report) -> _Report:
    wanted = os.environ.get("LITHIFY_TEST_NO_SKIP") == "1"
    if wanted and report.outcome == "skipped" and not hasattr(report, "wasxfail"):
        place = report.longrepr
        reason = place[2] if isinstance(place, tuple) else str(place)
        report.outcome = "failed"
        report.longrepr = f"nothing may be skipped here, but: {reason}"
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return _forbid_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return _forbid_skip((yield))


@pytest.fixture(autouse=True)
def _own_store(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test touches the user's store, follows the user's settings or reaches a public registry."""
    monkeypatch.setenv("LITHIFY_HOME", str(tmp_path_factory.getbasetemp() / "lithify-home"))
    monkeypatch.delenv("SOURCE_DATE_EPOCH", raising=False)
    settings = tmp_path_factory.getbasetemp() / "registries"
    settings.mkdir(exist_ok=True)
    (settings / "registries.conf").write_text(
        '[[registry]]\nlocation = "docker.io"\nblocked = true\n'
    )
    (settings / "auth.json").write_text("{}")
    monkeypatch.setenv("CONTAINERS_REGISTRIES_CONF", str(settings / "registries.conf"))
    monkeypatch.setenv("REGISTRY_AUTH_FILE", str(settings / "auth.json"))


@pytest.fixture(scope="session")
def conforms() -> Callable[[str, Any], None]:
    """Checks a document (bytes, text or a value) against a schema of tests/schemas."""
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource

    folder = Path(__file__).parent / "schemas"
    schemas = {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}
    known = Registry().with_resources(
        (one["$id"], Resource.from_contents(one)) for one in schemas.values()
    )
    checkers = {
        name: Draft202012Validator(
            one, registry=known, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        for name, one in schemas.items()
    }

    def check(name: str, document: Any) -> None:
        value = json.loads(document) if isinstance(document, bytes | str) else document
        wrong = [
            f"{error.json_path}: {error.message}" for error in checkers[name].iter_errors(value)
        ]
        assert not wrong, wrong

    return check
