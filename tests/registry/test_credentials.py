"""Where credentials come from and where they go: files of docker and podman, helpers, tokens."""

from __future__ import annotations

import base64
import json
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lithify.cache.registry.authentication import parse_challenges
from lithify.cache.registry.credentials import Credentials, CredentialStore, canonical_host
from lithify.cache.registry.settings import Patience, RegistrySettings
from lithify.errors import ConfigurationError, Forbidden, RegistryError, Secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import FakeRegistry, Handler, Image

    from lithify.cache.store import Store
    from lithify.registries import RegistryAccess

    MakeImage = Callable[..., Image]
    Access = Callable[..., RegistryAccess]


@pytest.fixture
def home(environment: dict[str, str]) -> Path:
    return Path(environment["HOME"])


@pytest.fixture
def known(environment: dict[str, str]) -> CredentialStore:
    return CredentialStore(RegistrySettings(environment, Patience(helper_s=0.3)))


def _write(path: Path, document: object) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document))


def _auth(text: str) -> dict[str, str]:
    return {"auth": base64.b64encode(text.encode()).decode()}


def _helper(home: Path, environment: dict[str, str], script: str) -> None:
    folder = home / "bin"
    folder.mkdir()
    program = folder / "docker-credential-test"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    environment["PATH"] = f"{folder}:{environment['PATH']}"


@pytest.fixture
def helper(home: Path, environment: dict[str, str]) -> Callable[[str], None]:
    _write(home / ".docker" / "config.json", {"credHelpers": {"example.com": "test"}})
    return lambda script: _helper(home, environment, script)


@pytest.mark.parametrize(
    ("name", "host"),
    [
        ("example.com", "example.com"),
        ("https://example.com/v2/", "example.com"),
        ("http://example.com:5000", "example.com:5000"),
        ("https://index.docker.io/v1/", "docker.io"),
        ("docker.io", "docker.io"),
    ],
)
def test_a_registry_may_be_written_in_many_ways(
    name: str, host: str, home: Path, known: CredentialStore
) -> None:
    assert canonical_host(name) == host
    _write(home / ".docker" / "config.json", {"auths": {name: _auth("user:pass:word")}})
    assert known.get(host) == Credentials("user", Secret("pass:word"))
    assert known.get("other.com") is None


def test_the_most_specific_entry_counts(home: Path, known: CredentialStore) -> None:
    auths = {"example.com": _auth("a:1"), "example.com/team": _auth("b:2")}
    _write(home / ".config" / "containers" / "auth.json", {"auths": auths})
    found = known.get("example.com", "team/app")
    assert found is not None
    assert found.username == "b"
    found = known.get("example.com", "teams/app")
    assert found is not None
    assert found.username == "a"


@pytest.mark.parametrize("variable", ["REGISTRY_AUTH_FILE", "DOCKER_CONFIG"])
def test_a_variable_names_the_only_place(
    variable: str, home: Path, environment: dict[str, str], known: CredentialStore
) -> None:
    _write(home / ".docker" / "config.json", {"auths": {"a.com": _auth("home:1")}})
    _write(home / "other" / "config.json", {"auths": {"b.com": _auth("other:1")}})
    place = home / "other" / ("config.json" if variable == "REGISTRY_AUTH_FILE" else "")
    environment[variable] = str(place)
    assert known.get("a.com") is None
    assert known.get("b.com") == Credentials("other", Secret("1"))
    assert known.keep("c.com", Credentials("x", Secret("y"))) == home / "other" / "config.json"


def test_what_is_kept_leaves_the_rest_of_the_file_as_it_was(
    home: Path, known: CredentialStore
) -> None:
    path = home / ".docker" / "config.json"
    _write(path, {"psFormat": "x", "auths": {"https://a.com/v1/": _auth("old:1")}})
    known.keep("a.com", Credentials("new", Secret("2")))
    document = json.loads(path.read_text())
    assert document == {"psFormat": "x", "auths": {"a.com": _auth("new:2")}}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert known.forget("a.com")
    assert json.loads(path.read_text()) == {"psFormat": "x", "auths": {}}


def test_a_config_file_that_is_a_link_stays_one(home: Path, known: CredentialStore) -> None:
    real = home / "dotfiles.json"
    real.write_text("{}")
    link = home / ".docker" / "config.json"
    link.parent.mkdir()
    link.symlink_to(real)
    known.keep("a.com", Credentials("new", Secret("2")))
    assert link.is_symlink()
    assert "a.com" in real.read_text()


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"auths": [1]}', '{"auths": {"a.com": {"auth": "%%"}}}', "[" * 50_000]
)
def test_a_damaged_file_is_named_and_not_quoted(
    text: str, home: Path, known: CredentialStore
) -> None:
    path = home / ".docker" / "config.json"
    path.parent.mkdir()
    path.write_text(text)
    with pytest.raises(ConfigurationError, match="config.json") as caught:
        known.get("a.com")
    assert "%%" not in caught.value.message


def test_a_helper_is_asked_by_its_standard_input(
    helper: Callable[[str], None], known: CredentialStore
) -> None:
    helper(
        'read -r server; [ "$1 $server" = "get example.com" ] || exit 3\n'
        'echo \'{"ServerURL":"x","Username":"u","Secret":"s"}\''
    )
    assert known.get("example.com") == Credentials("u", Secret("s"))


def test_a_helper_may_keep_an_identity_token(
    helper: Callable[[str], None], known: CredentialStore
) -> None:
    helper('echo \'{"Username":"<token>","Secret":"s"}\'')
    assert known.get("example.com") == Credentials(identity_token=Secret("s"))


def test_a_helper_that_knows_nothing_is_no_error(
    helper: Callable[[str], None], known: CredentialStore
) -> None:
    helper('echo "credentials not found in native keychain"; exit 1')
    assert known.get("example.com") is None


def test_a_helper_that_fails_is_an_error_without_its_words(
    helper: Callable[[str], None], known: CredentialStore
) -> None:
    helper('echo "the secret is hunter2" >&2; exit 5')
    with pytest.raises(RegistryError, match="failed with status 5") as caught:
        known.get("example.com")
    assert "hunter2" not in caught.value.message


def test_a_helper_that_hangs_is_not_waited_for(
    helper: Callable[[str], None], known: CredentialStore
) -> None:
    helper("exec sleep 100")
    with pytest.raises(RegistryError, match="did not answer in 0.3s"):
        known.get("example.com")


def test_a_helper_keeps_and_forgets(
    helper: Callable[[str], None], home: Path, known: CredentialStore
) -> None:
    helper(f'if [ "$1" = get ]; then echo \'{{"Username":"u","Secret":"s"}}\'; exit; fi\n'
           f'echo "$1" >> {home}/log; cat >> {home}/log')  # fmt: skip
    assert known.keep("example.com", Credentials("u", Secret("s"))) is None
    assert known.forget("example.com")
    log = (home / "log").read_text()
    assert log.startswith("store\n")
    assert json.loads(log.splitlines()[1].removesuffix("erase"))["Secret"] == "s"
    assert "example.com" not in (home / ".docker" / "config.json").read_text().partition("auths")[2]


@pytest.mark.parametrize("name", ["../evil", "a b", "-x", "a/b", "x;y"])
def test_the_name_of_a_helper_is_not_a_path(name: str, home: Path, known: CredentialStore) -> None:
    _write(home / ".docker" / "config.json", {"credsStore": name})
    with pytest.raises(ConfigurationError, match="credential helper"):
        known.get("example.com")


def test_a_missing_helper_is_named(home: Path, known: CredentialStore) -> None:
    _write(home / ".docker" / "config.json", {"credsStore": "nowhere"})
    with pytest.raises(RegistryError, match="docker-credential-nowhere"):
        known.get("example.com")


def test_credentials_do_not_show_themselves() -> None:
    shown = repr(Credentials("u", Secret("hunter2"), Secret("hunter3"), Secret("hunter4")))
    assert "hunter" not in shown


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('Basic realm="x"', [("basic", {"realm": "x"})]),
        (
            'Bearer realm="https://a/t",service="s",scope="repository:a:pull,push"',
            [
                (
                    "bearer",
                    {"realm": "https://a/t", "service": "s", "scope": "repository:a:pull,push"},
                )
            ],
        ),
        ('bearer realm=x, Basic realm="y\\"z"', [("bearer", {"realm": "x"}), ("basic", {"realm": 'y"z'})]),
        ("", []),
        ("Negotiate", [("negotiate", {})]),
    ],
)  # fmt: skip
def test_challenges_are_read(text: str, expected: list[tuple[str, dict[str, str]]]) -> None:
    assert [(one.scheme, dict(one.parameters)) for one in parse_challenges(text)] == expected


@given(st.text(max_size=200))
def test_no_challenge_breaks_the_reader(text: str) -> None:
    parse_challenges(text)


def _login(home: Path, fake: FakeRegistry, entry: dict[str, str]) -> None:
    _write(home / ".docker" / "config.json", {"auths": {fake.host: entry}})


def test_a_token_is_asked_for_once_and_used_for_all(
    image: MakeImage, fake: FakeRegistry, store: Store, access: Access, home: Path
) -> None:
    made = image({"a": b"1"}, {"b": b"2"})
    fake.add("team/app", made, "1")
    fake.token = "bearer-of-news"
    _login(home, fake, _auth("user:hunter2"))
    assert access(store).pull(f"{fake.host}/team/app:1", None)[1].digest == made.digest
    (asked,) = [one for one in fake.seen if one.path.startswith("/token")]
    assert asked.headers["Authorization"] == Credentials("user", Secret("hunter2")).basic
    assert "scope=repository%3Ateam%2Fapp%3Apull" in asked.path
    assert "service=fake" in asked.path
    assert "hunter2" not in asked.path


def test_an_identity_token_is_exchanged(
    image: MakeImage, fake: FakeRegistry, store: Store, access: Access, home: Path
) -> None:
    made = image({"a": b"1"})
    fake.add("app", made, "1")
    fake.token = "bearer-of-news"
    _login(home, fake, {"identitytoken": "refresh-me"})
    access(store).pull(f"{fake.host}/app:1", None)
    (asked,) = [one for one in fake.seen if one.path.startswith("/token")]
    assert asked.method == "POST"
    assert b"grant_type=refresh_token&refresh_token=refresh-me" in asked.body


def test_a_token_that_is_refused_is_an_error_of_its_status(
    fake: FakeRegistry, store: Store, access: Access
) -> None:
    fake.token = "never"
    fake.fault = lambda handler: (
        handler.path.startswith("/token") and handler.answer(403, b'{"details":"no"}') is None
    )
    with pytest.raises(Forbidden, match=r"getting a token: .* answered 403 \(no\)"):
        access(store).pull(f"{fake.host}/app:1", None)


def test_authorization_does_not_follow_a_redirect_to_another_host(
    image: MakeImage, fake: FakeRegistry, store: Store, access: Access, home: Path
) -> None:
    made = image({"a": b"1"})
    fake.add("app", made, "1")
    fake.token = "bearer-of-news"
    _login(home, fake, _auth("user:hunter2"))
    elsewhere = fake.host.replace("127.0.0.1", "localhost")
    seen: list[str | None] = []

    def move(handler: Handler) -> bool:
        if "/blobs/" not in handler.path or "Authorization" not in handler.headers:
            if handler.headers.get("Host") == elsewhere:
                seen.append(handler.headers.get("Authorization"))
                digest = handler.path.rpartition("/")[2]
                return handler.answer(200, made.blobs[digest]) is None
            return False
        return handler.answer(307, Location=f"http://{elsewhere}{handler.path}") is None

    fake.fault = move
    access(store).pull(f"{fake.host}/app:1", None)
    assert seen
    assert set(seen) == {None}
