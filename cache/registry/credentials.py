"""Owns the credentials for registries: where docker and podman keep them, and keeping new ones there.

The files and helpers are theirs, so that whoever is logged in with one tool is with the other. A helper is a program
named by a file of the user, run without a shell and not longer than patience lasts. It refuses to show any secret.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
from dataclasses import dataclass
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

from lithify.errors import ConfigurationError, RegistryError, Secret

if TYPE_CHECKING:
    from pathlib import Path

    from lithify.cache.registry.settings import RegistrySettings

_MOST_BYTES = 4 * 1024 * 1024
_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*\Z")
_DOCKER_HUB = "docker.io"
#: What docker calls Docker Hub in its files.
_DOCKER_HUB_KEY = "https://index.docker.io/v1/"
_DOCKER_HUB_HOSTS = ("docker.io", "index.docker.io", "registry-1.docker.io")
#: The user name under which helpers keep identity tokens.
_TOKEN_USER = "<token>"
_NO_SECRET = Secret("")


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user and password, or a token that stands for them."""

    username: str = ""
    password: Secret = _NO_SECRET
    identity_token: Secret = _NO_SECRET
    registry_token: Secret = _NO_SECRET

    @property
    def basic(self) -> str:
        """The value of a header for basic authentication (RFC 7617)."""
        pair = f"{self.username}:{self.password!s}".encode()
        return "Basic " + base64.b64encode(pair).decode()


class CredentialStore:
    """The credentials of the user whose settings these are."""

    def __init__(self, settings: RegistrySettings) -> None:
        self._settings = settings

    def get(self, host: str, repository: str = "") -> Credentials | None:
        """For a registry, the most specific entry first. Raises ConfigurationError, RegistryError (a helper)."""
        for path in self._settings.auth_files():
            document = _read(path)
            found = self._from_helper(document, host) or _from_file(
                document, host, repository, path
            )
            if found is not None:
                return found
        return None

    def keep(self, host: str, credentials: Credentials) -> Path | None:
        """Remember; the file they are in readable by its owner, or None if a helper has them.

        Raises ConfigurationError, RegistryError (a helper)."""
        path = self._login_file()
        document = _read(path)
        if helper := _helper_of(document, host):
            self._ask(helper, "store", json.dumps(_helper_entry(host, credentials)))
            return None
        auths = dict(_table(document, "auths", path))
        _forget(auths, host)
        auths[_key(host)] = _file_entry(credentials)
        _write(path, {**document, "auths": auths})
        return path

    def forget(self, host: str) -> bool:
        """Remove; False if there were none. Raises as `keep`."""
        path = self._login_file()
        document = _read(path)
        found = False
        if helper := _helper_of(document, host):
            found = self._from_helper(document, host) is not None
            if found:
                self._ask(helper, "erase", _key(host))
        auths = dict(_table(document, "auths", path))
        if _forget(auths, host):
            _write(path, {**document, "auths": auths})
            found = True
        return found

    def _login_file(self) -> Path:
        path = self._settings.login_file()
        if path is None:
            raise ConfigurationError(
                "there is no place for credentials",
                hint="set HOME, DOCKER_CONFIG or REGISTRY_AUTH_FILE",
            )
        return path

    def _from_helper(self, document: dict[str, Any], host: str) -> Credentials | None:
        helper = _helper_of(document, host)
        if not helper:
            return None
        answer = self._ask(helper, "get", _key(host))
        try:
            value = json.loads(answer or b"null")
        except (ValueError, RecursionError):
            value = None
        if not isinstance(value, dict):
            return None
        user, secret = str(value.get("Username", "")), Secret(value.get("Secret", ""))
        if user == _TOKEN_USER:
            return Credentials(identity_token=secret)
        return Credentials(user, secret) if user else None

    def _ask(self, helper: str, action: str, given: str) -> bytes | None:
        """Its answer; None if it knows nothing of the registry. Raises RegistryError."""
        import subprocess

        program = f"docker-credential-{helper}"
        try:
            done = subprocess.run(
                [program, action],
                input=given.encode(),
                capture_output=True,
                timeout=self._settings.patience.helper_s,
                env=dict(self._settings.environment),
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise RegistryError(
                f"{program} {action} did not answer in {error.timeout:g}s"
            ) from None
        except OSError as error:
            raise RegistryError(
                f"cannot run {program}: {error.strerror}",
                hint="install it, or remove it from credsStore and credHelpers",
            ) from error
        if done.returncode == 0:
            return done.stdout[:_MOST_BYTES]
        if action == "get" and b"not found" in done.stdout + done.stderr:
            return None
        raise RegistryError(f"{program} {action} failed with status {done.returncode}")


def canonical_host(host: str) -> str:
    """A registry as people write it (`https://HOST/v1/`) as the host that names use."""
    bare = re.sub(r"/v[12]/?\Z", "", host.partition("://")[2] or host).rstrip("/")
    return _DOCKER_HUB if bare in _DOCKER_HUB_HOSTS else bare


def _key(host: str) -> str:
    return _DOCKER_HUB_KEY if host == _DOCKER_HUB else host


def _forget(auths: dict[str, Any], host: str) -> bool:
    names = [name for name in auths if canonical_host(name) == host]
    for name in names:
        del auths[name]
    return bool(names)


def _helper_of(document: dict[str, Any], host: str) -> str:
    """The helper that keeps a registry's credentials; '' if the file itself does."""
    helpers = document.get("credHelpers")
    own = helpers.get(_key(host)) or helpers.get(host) if isinstance(helpers, dict) else ""
    name = str(own or document.get("credsStore") or "")
    if name and not _HELPER.match(name):
        raise ConfigurationError(f"{name[:100]!r} is not the name of a credential helper")
    return name


def _from_file(
    document: dict[str, Any], host: str, repository: str, path: Path
) -> Credentials | None:
    auths = {canonical_host(name): one for name, one in _table(document, "auths", path).items()}
    parts = [host, *repository.split("/")] if repository else [host]
    for length in range(len(parts), 0, -1):
        entry = auths.get("/".join(parts[:length]))
        if isinstance(entry, dict) and (found := _read_entry(entry, path)) is not None:
            return found
    return None


def _read_entry(entry: dict[str, Any], path: Path) -> Credentials | None:
    user, password = str(entry.get("username") or ""), str(entry.get("password") or "")
    if auth := entry.get("auth"):
        try:
            user, _, password = (
                base64.b64decode(str(auth), validate=True).decode().rstrip("\0").partition(":")
            )
        except (binascii.Error, UnicodeDecodeError):
            raise ConfigurationError(f"{path}: an entry of `auths` is damaged") from None
    found = Credentials(
        user,
        Secret(password),
        Secret(entry.get("identitytoken") or ""),
        Secret(entry.get("registrytoken") or ""),
    )
    return None if found == Credentials() else found


def _file_entry(credentials: Credentials) -> dict[str, str]:
    pair = f"{credentials.username}:{credentials.password!s}".encode()
    entry = {"auth": base64.b64encode(pair).decode()}
    if credentials.identity_token:
        entry = {"auth": base64.b64encode(f"{credentials.username}:".encode()).decode()}
        entry["identitytoken"] = str(credentials.identity_token)
    return entry


def _helper_entry(host: str, credentials: Credentials) -> dict[str, str]:
    if credentials.identity_token:
        secret, user = str(credentials.identity_token), _TOKEN_USER
    else:
        secret, user = str(credentials.password), credentials.username
    return {"ServerURL": _key(host), "Username": user, "Secret": secret}


def _table(document: dict[str, Any], key: str, path: Path) -> dict[str, Any]:
    value = document.get(key) or {}
    if not isinstance(value, dict):
        raise ConfigurationError(f"{path}: {key} is not an object")
    return value


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            raw = file.read(_MOST_BYTES)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise ConfigurationError(f"cannot read {path}: {error.strerror}") from error
    try:
        value = json.loads(raw or b"{}")
    except (ValueError, RecursionError):
        raise ConfigurationError(f"{path} is not JSON") from None
    if not isinstance(value, dict):
        raise ConfigurationError(f"{path} is not a JSON object")
    return value


def _write(path: Path, document: dict[str, Any]) -> None:
    """Replace a file of secrets: whole or not at all, for its owner's eyes only."""
    target = path.resolve()
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with NamedTemporaryFile(dir=target.parent, prefix=".config.", delete=False) as file:
            try:
                file.write(json.dumps(document, indent="\t").encode() + b"\n")
                file.flush()
                os.fsync(file.fileno())
                os.replace(file.name, target)
            except BaseException:
                os.unlink(file.name)
                raise
    except OSError as error:
        raise ConfigurationError(f"cannot write {path}: {error.strerror}") from error
