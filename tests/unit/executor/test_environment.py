"""The environment of a process: the plan's variables win over defaults, nothing of the host enters."""

from __future__ import annotations

from lithify.executor.ops.environment import process_environment


def test_defaults_fill_only_what_is_missing() -> None:
    env = dict(
        process_environment(
            [("PATH", "/bin"), ("PYTHONHASHSEED", "7")], home="/root", epoch_s=42, faithful=False
        )
    )
    assert env == {
        "PATH": "/bin",
        "PYTHONHASHSEED": "7",
        "HOME": "/root",
        "SOURCE_DATE_EPOCH": "42",
        "PERL_HASH_SEED": "0",
    }


def test_a_faithful_build_adds_nothing_but_home() -> None:
    env = process_environment([("A", "1")], home="/", epoch_s=42, faithful=True)
    assert env == (("A", "1"), ("HOME", "/"))


def test_an_image_with_a_home_keeps_it() -> None:
    assert process_environment([("HOME", "/x")], home="/", epoch_s=0, faithful=True) == (
        ("HOME", "/x"),
    )


def test_proxies_and_secrets_come_last_and_win() -> None:
    env = process_environment(
        [("TOKEN", "plain"), ("http_proxy", "a")],
        home="/",
        epoch_s=0,
        faithful=True,
        proxies=[("http_proxy", "b")],
        secrets=[("TOKEN", "secret")],
    )
    assert dict(env) == {"TOKEN": "secret", "http_proxy": "b", "HOME": "/"}
