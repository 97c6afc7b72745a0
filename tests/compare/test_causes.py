"""Differences get the cause that a person would name."""

from __future__ import annotations

import gzip
from typing import Any

import pytest

from lithify.executor.compare.causes import cause_of
from lithify.executor.compare.images import compare_layers
from tests.compare.conftest import file, layer, pack

_TEXTS = [
    ("etc/built", "on 2026-11-24\n", "on 2026-11-25\n", "date in a text"),
    ("etc/built", "Tue Nov 24 03:03:23 UTC\n", "Tue Nov 24 03:03:28 UTC\n", "date in a text"),
    ("etc/stamp", "1763953400\n", "1763953405\n", "date in a text"),
    (
        "etc/id",
        "a7b404e0-f2a2-4116-95db-8ef0a2f89ca1",
        "968552e5-271f-4df0-9166-e418b4e0d4ca",
        "UUID",
    ),
    ("etc/token", "Rl8K8vV8m2qKTRbsxwqx\n", "KBXWhEVfpMjcxeIi3J3U\n", "random text"),
    ("etc/jobs", "8\n", "1\n", "number of processors"),
    ("etc/pid", "pid 4711\n", "pid 4712\n", "counter of the machine"),
    ("etc/list", "a\nb\n", "b\na\n", "order of entries"),
    ("etc/path", "/tmp/tmp.Xy12/a\n", "/tmp/tmp.Zz34/a\n", "path of a scratch directory"),
    ("etc/machine-id", "aa\n", "bb\n", "machine id"),
    ("var/log/apt/term.log", "a", "b", "log of an installer"),
    ("var/cache/ldconfig/aux-cache", "a", "b", "cache of the dynamic linker"),
    ("etc/ssh/ssh_host_rsa_key", "a", "b", "key made during the build"),
    ("root/.cache/pip/x", "a", "b", "cache of a package manager"),
    ("etc/shadow", "a:!:20000::", "a:!:20001::", "password file's date"),
    ("usr/lib/x.pyc", "a", "b", "times in Python bytecode"),
]


def _cause(before: bytes, after: bytes) -> str:
    (difference,) = compare_layers(layer(before), layer(after)).differences
    return cause_of(difference).name


@pytest.mark.parametrize(("path", "before", "after", "cause"), _TEXTS)
def test_a_text_gets_its_cause(path: str, before: str, after: str, cause: str) -> None:
    one, other = (pack(file(path, text.encode())) for text in (before, after))
    assert _cause(one, other) == cause


def test_a_gzip_header_gets_its_cause() -> None:
    one, other = (pack(file("a.gz", gzip.compress(b"x", mtime=time))) for time in (1, 2))
    assert _cause(one, other) == "time in a gzip header"


@pytest.mark.parametrize(
    ("properties", "cause"),
    [({"mtime": 9}, "time of a file"), ({"mode": 0o600}, "mode or owner")],
)
def test_metadata_gets_its_cause(properties: dict[str, Any], cause: str) -> None:
    assert _cause(pack(file("a")), pack(file("a", **properties))) == cause


def test_a_randomly_named_file_gets_its_cause() -> None:
    found = compare_layers(layer(pack()), layer(pack(file("tmp/tmp.aB3dE6gH")))).differences
    assert {cause_of(one).name for one in found if one.area == "file"} == {"randomly named file"}
