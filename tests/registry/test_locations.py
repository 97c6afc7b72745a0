"""registries.conf: what a name leads to, and what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lithify.cache.reference import parse_reference
from lithify.cache.registry.locations import read_locations
from lithify.cache.registry.settings import RegistrySettings, is_loopback, redacted
from lithify.errors import ConfigurationError, RegistryBlocked

if TYPE_CHECKING:
    from pathlib import Path

    from lithify.cache.registry.locations import Locations

_CONF = """
unqualified-search-registries = ["first.example", "second.example/mirror"]
[aliases]
"short" = "aliased.example/long/name"
[[registry]]
prefix = "example.com/foo"
location = "internal.example:5000/bar"
insecure = true
[[registry.mirror]]
location = "mirror.example/foo"
[[registry.mirror]]
location = "digests.example"
pull-from-mirror = "digest-only"
[[registry]]
prefix = "example.com/foo/secret"
blocked = true
[[registry]]
prefix = "*.wild.example"
insecure = true
[[registry]]
location = "docker.io"
[[registry.mirror]]
location = "hub.example/proxy"
"""


def _locations(tmp_path: Path, text: str) -> Locations:
    path = tmp_path / "registries.conf"
    path.write_text(text)
    return read_locations(RegistrySettings({"CONTAINERS_REGISTRIES_CONF": str(path)}))


@pytest.mark.parametrize(
    ("name", "places"),
    [
        ("example.com/foo/app:1", ["mirror.example/foo/app", "internal.example:5000/bar/app"]),
        ("example.com/foobar", ["example.com/foobar"]),
        ("example.com/other", ["example.com/other"]),
        ("busybox", ["hub.example/proxy/library/busybox", "docker.io/library/busybox"]),
        ("a.wild.example/x", ["a.wild.example/x"]),
        (
            f"example.com/foo/app@sha256:{'a' * 64}",
            ["mirror.example/foo/app", "digests.example/app", "internal.example:5000/bar/app"],
        ),
    ],
)
def test_a_name_leads_to_mirrors_and_then_to_its_own_place(
    name: str, places: list[str], tmp_path: Path
) -> None:
    found = _locations(tmp_path, _CONF).of(parse_reference(name))
    assert [one.name for one in found] == places


def test_a_push_goes_to_no_mirror(tmp_path: Path) -> None:
    found = _locations(tmp_path, _CONF).of(parse_reference("example.com/foo/app:1"), push=True)
    assert [one.name for one in found] == ["internal.example:5000/bar/app"]


def test_insecure_counts_for_the_place_that_says_so(tmp_path: Path) -> None:
    locations = _locations(tmp_path, _CONF)
    found = locations.of(parse_reference("example.com/foo/app:1"))
    assert [one.may_be_plain for one in found] == [False, True]
    assert locations.of(parse_reference("a.wild.example/x"))[0].may_be_plain
    assert not locations.of(parse_reference("wild.example/x"))[0].may_be_plain


def test_the_longest_prefix_blocks(tmp_path: Path) -> None:
    with pytest.raises(RegistryBlocked, match="example.com/foo/secret is blocked"):
        _locations(tmp_path, _CONF).of(parse_reference("example.com/foo/secret/app:1"))


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("short:2", ["aliased.example/long/name:2"]),
        ("other", ["first.example/other:latest", "second.example/mirror/other:latest"]),
        ("docker.io/library/other", ["docker.io/library/other:latest"]),
        ("localhost/other", ["localhost/other:latest"]),
    ],
)
def test_short_names_mean_what_the_file_says(
    written: str, names: list[str], tmp_path: Path
) -> None:
    found = _locations(tmp_path, _CONF).references(written)
    assert [str(one) for one in found] == names


def test_short_names_mean_docker_hub_unless_the_file_says_otherwise(tmp_path: Path) -> None:
    found = _locations(tmp_path, "").references("busybox")
    assert [str(one) for one in found] == ["docker.io/library/busybox:latest"]


def test_additions_beside_the_main_file_give_rules_but_no_aliases(tmp_path: Path) -> None:
    folder = tmp_path / ".config" / "containers"
    (folder / "registries.conf.d").mkdir(parents=True)
    (folder / "registries.conf").write_text("")
    (folder / "registries.conf.d" / "a.conf").write_text(
        '[aliases]\n"fedora" = "elsewhere.example/fedora"\n[[registry]]\nlocation = "b.example"\nblocked = true\n'
    )
    found = read_locations(RegistrySettings({"HOME": str(tmp_path)}))
    assert [str(one) for one in found.references("fedora")] == ["docker.io/library/fedora:latest"]
    with pytest.raises(RegistryBlocked):
        found.of(parse_reference("b.example/x"))


@pytest.mark.parametrize(
    "text",
    [
        "= no toml",
        "[registries.search]\nregistries = ['a']",
        "[[registry]]\nblocked = true",
        "[[registry]]\nlocation = 5",
        "[[registry]]\nlocation = 'not a name'",
        "registry = 'a'",
        "[[registry]]\nlocation = 'a.b'\n[[registry.mirror]]\ninsecure = true",
        "[[registry]]\nlocation = 'a.b'\n[[registry.mirror]]\nlocation='c.d'\npull-from-mirror='x'",
        "unqualified-search-registries = 'a'",
    ],
)
def test_a_file_that_makes_no_sense_is_named(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="registries.conf"):
        _locations(tmp_path, text)


@pytest.mark.parametrize(
    ("host", "is_so"),
    [
        ("localhost", True),
        ("localhost:5000", True),
        ("127.0.0.1:5000", True),
        ("127.9.9.9", True),
        ("[::1]:5000", True),
        ("127.0.0.1.example.com", False),
        ("127.evil", False),
        ("localhost.example.com", False),
        ("128.0.0.1", False),
        ("[::2]", False),
    ],
)
def test_only_this_machine_is_loopback(host: str, is_so: bool) -> None:
    assert is_loopback(host) == is_so


def test_urls_lose_what_may_be_secret() -> None:
    text = "at https://user:word@h.example/p?sig=abc#x and http://h/"
    assert redacted(text) == "at https://h.example/p?... and http://h/"


@pytest.mark.parametrize(
    ("host", "proxy"),
    [
        ("a.example", "http://proxy:3128"),
        ("b.example", ""),
        ("x.b.example:5000", ""),
        ("xb.example", "http://proxy:3128"),
        ("localhost:5000", ""),
    ],
)
def test_proxies_are_those_of_the_environment(host: str, proxy: str) -> None:
    settings = RegistrySettings({"HTTPS_PROXY": "proxy:3128", "no_proxy": ".b.example, other"})
    assert settings.proxy("https", host) == proxy
