"""Every flag of `build` reaches the request, as docker buildx reads it, or is refused with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lithify.cli import build
from lithify.cli.build_flags import spelled_out
from lithify.cli.build_request import build_request
from lithify.cli.door import Door
from lithify.cli.parser import parse
from lithify.errors import Secret, UsageError
from lithify.requests import AttestationSpec, BuildRequest, OutputSpec, SecretSpec

if TYPE_CHECKING:
    from pathlib import Path

PROVENANCE, SBOM = AttestationSpec("provenance"), AttestationSpec("sbom")
MAX = AttestationSpec("provenance", (("mode", "max"),))
_ENVIRON = {"FROM_ENV": "there", "TOKEN": "s3cret", "SSH_AUTH_SOCK": "/run/agent"}


def _request(*arguments: str, environ: dict[str, str] | None = None) -> BuildRequest:
    variables = _ENVIRON if environ is None else environ
    words = spelled_out([*arguments, "."])
    return build_request(parse(build.parser(), words, Door(variables)), variables)


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        (["-f", "x/Dockerfile"], "dockerfile", "x/Dockerfile"),
        (["--file=-"], "dockerfile", "-"),
        (["-t", "a:1", "--tag", "b"], "tags", ("a:1", "b")),
        (["--target", "final"], "target", "final"),
        (
            ["--build-arg", "A=1=2", "--build-arg", "E=", "--build-arg", "FROM_ENV"],
            "build_args",
            (("A", "1=2"), ("E", ""), ("FROM_ENV", "there")),
        ),
        (["--build-arg", "NOWHERE"], "build_args", ()),
        (
            ["--build-context", "base=docker-image://alpine"],
            "build_contexts",
            (("base", "docker-image://alpine"),),
        ),
        (
            ["--platform", "linux/amd64,linux/arm64/v8", "--platform", "local"],
            "platforms",
            ("linux/amd64", "linux/arm64/v8", "local"),
        ),
        (["-o", "out"], "outputs", (OutputSpec("local", "out"),)),
        (["-o", "-"], "outputs", (OutputSpec("tar", "-"),)),
        (
            ["--output", 'type=oci,"dest=a,b.tar",compression=zstd'],
            "outputs",
            (OutputSpec("oci", "a,b.tar", (("compression", "zstd"),)),),
        ),
        (["-o", "type=tar"], "outputs", (OutputSpec("tar", "-"),)),
        (["-o", "type=docker"], "outputs", (OutputSpec("image"),)),
        (
            ["-o", "type=image,push=false"],
            "outputs",
            (OutputSpec("image", "", (("push", "false"),)),),
        ),
        (["--load"], "outputs", ()),
        (["--load", "-o", "d"], "outputs", (OutputSpec("local", "d"), OutputSpec("image"))),
        (["--secret", "id=TOKEN"], "secrets", (SecretSpec("TOKEN", value=Secret("s3cret")),)),
        (["--secret", "id=a,env=TOKEN"], "secrets", (SecretSpec("a", value=Secret("s3cret")),)),
        (
            ["--secret", "type=env,id=TOKEN"],
            "secrets",
            (SecretSpec("TOKEN", value=Secret("s3cret")),),
        ),
        (["--secret", "id=a,env=UNSET"], "secrets", (SecretSpec("a", value=Secret("")),)),
        (["--ssh", "default"], "ssh", (("default", "/run/agent"),)),
        (["--ssh", "git=/keys/id"], "ssh", (("git", "/keys/id"),)),
        (["--no-cache"], "no_cache", True),
        (["--no-cache=false"], "no_cache", False),
        (
            ["--no-cache-filter", "a,b", "--no-cache-filter", "c"],
            "no_cache_filter",
            ("a", "b", "c"),
        ),
        (["--pull"], "pull", "always"),
        (["--pull", "--pull=false"], "pull", "missing"),
        (["--pull-policy=newer"], "pull", "newer"),
        (["--offline"], "pull", "never"),
        (["--label", "a=1", "--label", "b"], "labels", (("a", "1"), ("b", ""))),
        (["--annotation", "index:a=1"], "annotations", (("index:a", "1"),)),
        (["--network", "none"], "network", "none"),
        (
            ["--add-host", "a:10.0.0.1", "--add-host=b=[::1]", "--add-host", "c:fe80::1"],
            "extra_hosts",
            (("a", "10.0.0.1"), ("b", "::1"), ("c", "fe80::1")),
        ),
        (["--shm-size", "64m"], "shm_size_bytes", 64 << 20),
        (["--shm-size", "1.5GB"], "shm_size_bytes", 3 << 29),
        (["--shm-size", "4096"], "shm_size_bytes", 4096),
        (
            ["--ulimit", "nofile=1024:2048", "--ulimit", "core=-1"],
            "ulimits",
            (("nofile", 1024, 2048), ("core", -1, -1)),
        ),
        (["--allow", "network.host"], "allow", frozenset(["network.host"])),
        (["--hostname", "builder"], "hostname", "builder"),
        (["--faithful"], "faithful", True),
        (["--source-date-epoch", "0"], "source_date_epoch", "0"),
        (["-j", "3"], "jobs", 3),
        (["-j3"], "jobs", 3),
        (
            ["--provenance=false", "--sbom=false", "--attest=type=sbom,disabled=true"],
            "attestations",
            (),
        ),
        (["--sbom", "--provenance=1"], "attestations", (PROVENANCE, SBOM)),
        (["--provenance", "mode=max"], "attestations", (MAX,)),
        (["--provenance", "true", "--attest", "type=sbom"], "attestations", (PROVENANCE, SBOM)),
        (["--attest=type=provenance,mode=max"], "attestations", (MAX,)),
        (["--call=build"], "tags", ()),
    ],
)
def test_a_flag_reaches_its_field_of_the_request(
    arguments: list[str], field: str, value: Any
) -> None:
    assert getattr(_request(*arguments), field) == value


def test_without_flags_the_request_is_the_default_one() -> None:
    assert _request(environ={}) == BuildRequest(context=".")


def test_flags_may_follow_the_context() -> None:
    flags = parse(build.parser(), ["dir", "-t", "a", "--pull"], Door({}))
    assert (flags.context, flags.tag, flags.pull) == ("dir", ["a"], True)


@pytest.mark.parametrize(
    ("arguments", "environ", "epoch"),
    [
        ([], {"SOURCE_DATE_EPOCH": "5"}, "5"),
        ([], {"SOURCE_DATE_EPOCH": ""}, ""),
        (["--build-arg", "SOURCE_DATE_EPOCH=4"], {"SOURCE_DATE_EPOCH": "5"}, "4"),
        (
            ["--source-date-epoch", "3", "--build-arg", "SOURCE_DATE_EPOCH=4"],
            {"SOURCE_DATE_EPOCH": "5"},
            "3",
        ),
    ],
)
def test_the_epoch_is_the_flag_then_the_argument_then_the_environment(
    arguments: list[str], environ: dict[str, str], epoch: str
) -> None:
    assert _request(*arguments, environ=environ).source_date_epoch == epoch


def test_a_secret_file_is_passed_by_name(tmp_path: Path) -> None:
    path = tmp_path / "key"
    path.write_text("s3cret")
    assert _request("--secret", f"id=k,src={path}").secrets == (SecretSpec("k", src=str(path)),)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--push"], "tag is needed when pushing"),
        (["--offline", "--pull"], "contradict"),
        (["--cache-from", "type=gha"], "--cache-from type=gha"),
        (["--cache-to", "type=s3"], "--cache-to type=s3"),
        (["--offline", "--cache-from", "a"], "contradict"),
        (["-o", "type=cacheonly,dest=x"], "writes nothing"),
        (["--provenance=maybe"], "'maybe' is not of the form key=value"),
        (["--attest", "mode=max"], "has no type"),
        (["--sbom=disabled=perhaps"], "neither true nor false"),
        (["-o", "type=registry"], "tag is needed when pushing"),
        (["-o", "type=image,push=true"], "tag is needed when pushing"),
        (["-o", "type=registry,dest=x"], "takes no dest"),
        (["-o", "type=oic,dest=x"], "did you mean oci?"),
        (["-o", "dest=x"], "has no type"),
        (["-o", "type=local"], "needs a directory"),
        (["-o", ""], "has no type"),
        (["-o", "-", "-o", "type=oci"], "only one result"),
        (["-q", "-o", "-"], "--quiet"),
        (["-o", 'type=oci,"dest=x'], "comma-separated"),
        (["--add-host", "a:host-gateway"], "host-gateway is not available"),
        (["--add-host", "a"], "not of the form"),
        (["--add-host", "a b:10.0.0.1"], "not a host name"),
        (["--add-host", "a:10.0.0.300"], "not of the form"),
        (["--hostname", "a\nb"], "not a host name"),
        (["--hostname", "a\n"], "not a host name"),
        (["--shm-size", "64x"], "not a size"),
        (["--shm-size", "-1"], "not a size"),
        (["--ulimit", "nofle=1"], "did you mean nofile?"),
        (["--ulimit", "nofile"], "not of the form"),
        (["--ulimit", "nofile=9:1"], "above the hard"),
        (["--ulimit", "nofile=-1:1"], "above the hard"),
        (["--ulimit", "nofile=-2"], "above the hard"),
        (["--allow", "device"], "'device' is not available"),
        (["--network", "bridge2"], "invalid choice"),
        (["--platform", "linux/amd64,"], "not a platform"),
        (["--build-arg", "=x"], "no name"),
        (["--build-context", "name"], "not of the form"),
        (["--annotation", "a"], "not of the form"),
        (["--secret", "src=x"], "has no id"),
        (["--secret", "id=x,sorce=y"], "unknown key 'sorce'"),
        (["--secret", "id=x,type=tty"], "unknown type"),
        (["--secret", "id=x,src=/nowhere/at/all"], "no file '/nowhere/at/all'"),
        (["--secret", "TOKEN"], "not of the form key=value"),
        (["--ssh", "a=/x,/y"], "is not available"),
        (["--ssh", "a=/x", "--ssh", "a=/y"], "twice"),
        (["--source-date-epoch", "yesterday"], "number of seconds"),
        (["--source-date-epoch", "٣"], "number of seconds"),
        (["--build-arg", "SOURCE_DATE_EPOCH=-1"], "number of seconds"),
        (["-j", "-1"], "not be negative"),
        (["-j", "many"], "invalid int value"),
        (["--pull=perhaps"], "neither true nor false"),
        (["--progress", "fancy"], "invalid choice"),
        (["--taget", "x"], "did you mean --target?"),
        (["--tar", "x"], "unknown flag: --tar"),
        (["other"], "unexpected argument"),
    ],
)
def test_a_value_that_cannot_be_honoured_is_refused(arguments: list[str], said: str) -> None:
    with pytest.raises(UsageError) as caught:
        _request(*arguments)
    assert said in caught.value.message


def test_an_ssh_flag_without_an_agent_says_what_to_do() -> None:
    with pytest.raises(UsageError) as caught:
        _request("--ssh", "default", environ={})
    assert "ssh-agent" in caught.value.hint


def test_context_and_dockerfile_cannot_share_standard_input() -> None:
    with pytest.raises(UsageError, match="standard input"):
        build_request(parse(build.parser(), ["-f", "-", "-"], Door({})), {})


class _Watched:
    """A namespace that remembers which of its names were read."""

    def __init__(self, found: Any) -> None:
        self._found = found
        self.read: set[str] = set()

    def __getattr__(self, name: str) -> Any:
        self.read.add(name)
        return getattr(self._found, name)


def test_every_flag_of_build_is_consumed(lithify: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    watched: list[_Watched] = []

    def parse_watched(*given: Any, **options: Any) -> _Watched:
        watched.append(_Watched(parse(*given, **options)))
        return watched[0]

    monkeypatch.setattr(build, "parse", parse_watched)
    assert lithify("build", ".").status == 0
    handled_by_parse = {"help", "root", "isolation", "debug"}
    declared = {action.dest for action in build.parser()._actions}
    assert declared - handled_by_parse <= watched[0].read


@pytest.mark.parametrize(
    ("arguments", "environ", "epoch"),
    [
        (["--build-arg", "SOURCE_DATE_EPOCH=context"], {"SOURCE_DATE_EPOCH": "5"}, "context"),
        (["--build-arg", "SOURCE_DATE_EPOCH="], {"SOURCE_DATE_EPOCH": "5"}, ""),
        ([], {"SOURCE_DATE_EPOCH": "context"}, "context"),
    ],
)
def test_the_epoch_may_be_named_and_an_empty_argument_means_none(
    arguments: list[str], environ: dict[str, str], epoch: str
) -> None:
    assert _request(*arguments, environ=environ).source_date_epoch == epoch


def test_the_proxies_of_the_environment_reach_the_request() -> None:
    environ = {"https_proxy": "http://p", "NO_PROXY": "h", "PROXY": "x"}
    assert _request(environ=environ).proxies == (("NO_PROXY", "h"), ("https_proxy", "http://p"))
