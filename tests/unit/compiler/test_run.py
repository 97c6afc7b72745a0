"""RUN: processes, heredocs, mounts, entitlements."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lithify.compiler.plan import (
    BindMount,
    CacheMount,
    ContextTree,
    Mount,
    Plan,
    RunOp,
    SecretMount,
    SshMount,
    StepTree,
    TmpfsMount,
)
from lithify.errors import SourceError

PlanOf = Callable[..., Plan]
CONTEXT = ContextTree()


def run_op(plan: Plan) -> RunOp:
    op = plan.steps[-1].op
    assert isinstance(op, RunOp)
    return op


def test_a_process_gets_the_stages_environment_directory_and_user(plan_of: PlanOf) -> None:
    op = run_op(plan_of("FROM base\nENV A=1\nWORKDIR w\nRUN x\n", hostname="h"))
    assert op.env == (("PATH", "/bin"), ("FROM_BASE", "yes"), ("A", "1"))
    assert (op.cwd, op.user, op.hostname) == ("/srv/w", "app", "h")
    assert op.argv == ("/bin/sh", "-c", "x")


def test_options_of_the_build_reach_every_process(plan_of: PlanOf) -> None:
    options = {
        "extra_hosts": (("db", "192.0.2.1"),),
        "shm_size_bytes": 5,
        "ulimits": (("nofile", 1, 2),),
        "network": "none",
    }
    op = run_op(plan_of("FROM plain\nRUN x\n", **options))
    assert {name: getattr(op, name) for name in options} == options


def test_a_hostname_given_as_build_arg_wins(plan_of: PlanOf) -> None:
    args = {"BUILDKIT_SANDBOX_HOSTNAME": "other"}
    assert run_op(plan_of("FROM plain\nRUN x\n", args=args, hostname="h")).hostname == "other"


def test_a_heredoc_alone_is_the_script_of_the_shell(plan_of: PlanOf) -> None:
    op = run_op(plan_of("FROM plain\nRUN <<-EOF\n\techo $x\nEOF\n"))
    assert op.argv == ("/bin/sh", "-c", "echo $x\n")
    assert op.script is None


def test_a_heredoc_with_an_interpreter_is_shown_as_a_file(plan_of: PlanOf) -> None:
    plan = plan_of("FROM plain\nRUN <<EOF\n#!/bin/awk -f\nBEGIN\nEOF\n")
    assert run_op(plan).argv == ("/bin/sh", "-c", "/dev/pipes/EOF")
    assert run_op(plan).script == ("EOF", b"#!/bin/awk -f\nBEGIN\n")
    assert plan.steps[-1].name == "[2/2] RUN <<EOF (#!/bin/awk -f...)"


def test_other_heredocs_are_left_to_the_shell(plan_of: PlanOf) -> None:
    op = run_op(plan_of("FROM plain\nRUN cat <<A | tr <<-B\na\nA\n\tb\nB\n"))
    assert op.argv[-1] == "cat <<A | tr <<-B\na\nA\n\tb\nB"


def test_shell_form_uses_the_shell_in_effect(plan_of: PlanOf) -> None:
    assert run_op(plan_of('FROM plain\nSHELL ["/bin/x"]\nRUN y z\n')).argv == ("/bin/x", "y z")


@pytest.mark.parametrize(
    ("mount", "expected"),
    [
        ("target=/x", BindMount("/x", CONTEXT)),
        ("target=x,source=../a/./b,rw", BindMount("/srv/x", CONTEXT, "/a/b", True)),
        ("dst=/x,src=$FROM_BASE,readwrite=false", BindMount("/x", CONTEXT, "/yes")),
        ("type=cache,target=/c/../d/", CacheMount("/d", "/d")),
        ("type=cache,target=rel", CacheMount("/srv/rel", "rel")),
        (
            "type=CACHE,target=/c,id=i,sharing=LOCKED,ro,uid=1,gid=2,mode=0700",
            CacheMount("/c", "i", "locked", True, 1, 2, 0o700),
        ),
        (
            "type=cache,target=/c,from=other,source=/s",
            CacheMount("/c", "/c", tree=StepTree(0), source="/s"),
        ),
        ("type=tmpfs,target=/t,size=1.5m", TmpfsMount("/t", 1572864)),
        ("type=tmpfs,target=/t", TmpfsMount("/t")),
        ("type=secret,id=key", SecretMount("key", "/run/secrets/key")),
        ("type=secret,target=/a/b", SecretMount("b", "/a/b")),
        ("type=secret,source=s,required", SecretMount("s", "/run/secrets/s", required=True)),
        ("type=secret,id=key,env=KEY", SecretMount("key", "", "KEY")),
        (
            "type=secret,id=key,env=KEY,target=k,mode=0444",
            SecretMount("key", "/srv/k", "KEY", mode=0o444),
        ),
        ("type=ssh", SshMount("default", "/run/buildkit/ssh_agent.0")),
        ("type=ssh,id=x,target=/s,required=true", SshMount("x", "/s", True)),
        ("'\"target=/a,b\"'", BindMount("/a,b", CONTEXT)),
    ],
)
def test_mounts_are_read(plan_of: PlanOf, mount: str, expected: Mount) -> None:
    text = f"FROM plain AS other\nFROM base\nRUN --mount={mount} x\n"
    found = run_op(plan_of(text)).mounts[0]
    if isinstance(expected, CacheMount) and expected.tree is not None:
        assert isinstance(found, CacheMount)
        assert isinstance(found.tree, StepTree)
        assert (found.target, found.id, found.source) == ("/c", "/c", "/s")
    else:
        assert found == expected


def test_cache_ids_get_the_namespace(plan_of: PlanOf) -> None:
    args = {"BUILDKIT_CACHE_MOUNT_NS": "ns"}
    op = run_op(plan_of("FROM plain\nRUN --mount=type=cache,target=/c x\n", args=args))
    assert op.mounts == (CacheMount("/c", "ns//c"),)


def test_mounts_stand_parents_first_and_the_later_of_equal_targets_stays(plan_of: PlanOf) -> None:
    flags = "--mount=type=tmpfs,target=/b/c --mount=type=tmpfs,target=/b --mount=target=/b/c"
    op = run_op(plan_of(f"FROM plain\nRUN {flags} x\n"))
    assert op.mounts == (TmpfsMount("/b"), BindMount("/b/c", CONTEXT))


def test_ssh_sockets_are_counted_and_the_first_is_announced(plan_of: PlanOf) -> None:
    op = run_op(plan_of("FROM plain\nRUN --mount=type=ssh --mount=type=ssh,id=b x\n"))
    assert [mount.target for mount in op.mounts] == [
        "/run/buildkit/ssh_agent.0",
        "/run/buildkit/ssh_agent.1",
    ]
    assert dict(op.env)["SSH_AUTH_SOCK"] == "/run/buildkit/ssh_agent.0"


def test_a_socket_set_by_the_file_is_respected(plan_of: PlanOf) -> None:
    op = run_op(plan_of("FROM plain\nENV SSH_AUTH_SOCK=/mine\nRUN --mount=type=ssh x\n"))
    assert dict(op.env)["SSH_AUTH_SOCK"] == "/mine"


@pytest.mark.parametrize(
    ("mount", "message"),
    [
        ("type=tmp", 'unsupported mount type "tmp" (did you mean tmpfs?)'),
        ("typ=tmpfs", "unexpected key 'typ' in 'typ=tmpfs' (did you mean type?)"),
        ("source", "invalid field 'source' must be a key=value pair"),
        ("target=/x,size=1k", "unexpected key 'size' for mount type 'bind'"),
        ("size=1k,type=tmpfs,target=/x", "unexpected key 'size' for mount type 'bind'"),
        ("target=/x,required", "unexpected key 'required' for mount type 'bind'"),
        ("target=/x,mode=0700", 'mode not allowed for "bind" type mounts'),
        ("type=tmpfs,target=/x,uid=1", 'uid not allowed for "tmpfs" type mounts'),
        ("type=cache,target=/x,uid=abc", "invalid value abc for uid"),
        ("type=cache,target=/x,mode=9", "invalid value 9 for mode"),
        ("type=tmpfs,target=/x,size=lots", "invalid value for size: lots"),
        ("target=/x,ro=maybe", "invalid value for ro: maybe"),
        ("type=secret,id=x,required=perhaps", "invalid value for required: perhaps"),
        ("type=secret", "invalid secret mount. one of source, target required"),
        ("type=secret,id=a,source=b", "both source and id can't be set"),
        ("type=secret,id=a,from=other", "secret mount should not have a from"),
        ("type=ssh,source=x", "ssh does not support source"),
        ("target=/x,sharing=shared", "invalid cache sharing set for bind mount"),
        (
            "type=cache,target=/c,sharing=lockd",
            'unsupported sharing value "lockd" (did you mean locked?)',
        ),
        ("target=/a/..", 'invalid mount target "/a/.."'),
        ("type=tmpfs", 'invalid mount target ""'),
        ("from=$X,target=/x", "'from' doesn't support variable expansion"),
        ("target=${x:?needed}", 'failed to process "${x:?needed}": x: needed'),
    ],
)
def test_wrong_mounts_are_refused_at_the_flag(plan_of: PlanOf, mount: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        plan_of(f"FROM plain AS other\nFROM plain\nRUN --mount={mount} x\n")
    assert caught.value.message.startswith(message)
    assert caught.value.span is not None
    assert caught.value.span.text == f"--mount={mount}"


def test_mounts_of_unreachable_stages_are_not_read(plan_of: PlanOf) -> None:
    plan = plan_of("FROM plain\nRUN --mount=typ=x y\nFROM scratch\n")
    assert plan.steps == ()


@pytest.mark.parametrize(
    ("flag", "name"),
    [("--network=host", "network.host"), ("--security=insecure", "security.insecure")],
)
def test_entitlements_must_be_allowed(plan_of: PlanOf, flag: str, name: str) -> None:
    text = f"FROM plain\nRUN {flag} x\n"
    with pytest.raises(SourceError) as caught:
        plan_of(text)
    assert caught.value.message == f"entitlement {name} is not allowed"
    assert caught.value.span is not None
    assert caught.value.span.text == flag
    op = run_op(plan_of(text, allow=frozenset({name})))
    assert (op.network, op.secure) == (
        ("host", True) if name == "network.host" else ("default", False)
    )


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("RUN --network=bogus x", 'invalid network mode "bogus"'),
        ("RUN --security=relaxed x", 'security "relaxed" is not valid'),
        ("RUN --device=vendor.com/x y", "device feature is only supported"),
        ("RUN []", "RUN names no command"),
    ],
)
def test_wrong_runs_are_refused(plan_of: PlanOf, lines: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        plan_of(f"FROM plain\n{lines}\n")
    assert message in caught.value.message
    assert caught.value.span is not None
