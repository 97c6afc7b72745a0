"""What instructions do to the image config and its history."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lithify.cache.oci import ContainerConfig, Healthcheck
from lithify.compiler.lower.healthcheck import parse_duration, show_duration
from lithify.compiler.lower.settings import is_signal
from lithify.compiler.plan import Plan
from lithify.errors import SourceError

PlanOf = Callable[..., Plan]
DEFAULT_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


def config_of(plan: Plan) -> ContainerConfig:
    return plan.results[0].config


def history_of(plan: Plan) -> list[str]:
    image = plan.results[0]
    return [entry.created_by for entry in image.history[image.base_history :]]


def test_scratch_starts_with_the_root_as_directory_and_a_path(plan_of: PlanOf) -> None:
    config = config_of(plan_of("FROM scratch\n"))
    assert config == ContainerConfig(env=(DEFAULT_PATH,), working_dir="/")


def test_an_image_base_is_inherited_whole(plan_of: PlanOf) -> None:
    plan = plan_of("FROM base\n")
    assert config_of(plan).env == ("PATH=/bin", "FROM_BASE=yes")
    assert config_of(plan).user == "app"
    assert plan.results[0].author == "maker"
    assert plan.results[0].base_history == 1
    assert plan.results[0].history[0].created


@pytest.mark.parametrize(
    ("lines", "history"),
    [
        ('ENV a="x y" b=$FROM_BASE', "ENV a=x y b=yes"),
        ("LABEL a=1 b='2 3'", "LABEL a=1 b=2 3"),
        ("ARG one=1 two", "ARG one=1 two"),
        ('CMD ["a", "b c"]', 'CMD ["a" "b c"]'),
        ("CMD a b", 'CMD ["/bin/sh" "-c" "a b"]'),
        ('ENTRYPOINT ["a\\"b"]', 'ENTRYPOINT ["a\\"b"]'),
        ("EXPOSE 2375 1234/UDP", "EXPOSE [1234/udp 2375/tcp]"),
        ("VOLUME /a /b", "VOLUME [/a /b]"),
        ('SHELL ["/bin/bash", "-c"]', "SHELL [/bin/bash -c]"),
        ("USER $FROM_BASE", "USER yes"),
        ("STOPSIGNAL SIGUSR1", "STOPSIGNAL SIGUSR1"),
        ("MAINTAINER some body", "MAINTAINER some body"),
        ("WORKDIR a/../b", "WORKDIR /srv/b"),
        ("WORKDIR /", "WORKDIR /"),
        ("RUN make all", "RUN /bin/sh -c make all # buildkit"),
        ('RUN ["make", "all"]', "RUN make all # buildkit"),
        ("COPY a b /c/", "COPY a b /c/ # buildkit"),
        ("COPY --chown=1:2 --chmod=755 --link a .", "COPY --chown=1:2 --chmod=755 a . # buildkit"),
        ("COPY --parents --exclude=x a .", "COPY --parents a . # buildkit"),
        ("COPY <<A f <<B /c/\nA\nB\n", None),
        ("ADD --unpack=false a /c", "ADD a /c # buildkit"),
        (
            "HEALTHCHECK --interval=1s --timeout=1m30s --start-interval=100ms --retries=5 CMD x y",
            (
                "HEALTHCHECK {Test:[CMD-SHELL x y] Interval:1s Timeout:1m30s StartPeriod:0s "
                "StartInterval:100ms Retries:5}"
            ),
        ),
        (
            "HEALTHCHECK NONE",
            (
                "HEALTHCHECK {Test:[NONE] Interval:0s Timeout:0s StartPeriod:0s StartInterval:0s "
                "Retries:0}"
            ),
        ),
    ],
)
def test_history_says_what_was_done(plan_of: PlanOf, lines: str, history: str | None) -> None:
    found = history_of(plan_of(f"FROM base\n{lines}\n"))
    assert found == [history or "COPY f <<A <<B /c/ # buildkit"]


def test_only_layers_are_not_empty_in_the_history(plan_of: PlanOf) -> None:
    plan = plan_of("FROM scratch\nCOPY a /\nWORKDIR /w\nWORKDIR /\nENV a=1\nRUN x\nADD b /\n")
    empty = [entry.empty_layer for entry in plan.results[0].history]
    assert empty == [False, False, True, True, False, False]


def test_run_history_lists_args_first_declared_first_with_their_present_values(
    plan_of: PlanOf,
) -> None:
    plan = plan_of("FROM plain\nARG b=1\nARG a\nARG b=2\nENV a=set\nRUN ls\n", args={"a": "given"})
    assert history_of(plan)[-1] == "RUN |2 b=2 a=set /bin/sh -c ls # buildkit"


def test_args_without_value_are_listed_empty(plan_of: PlanOf) -> None:
    assert "RUN |1 a= /bin/sh" in history_of(plan_of("FROM plain\nARG a\nRUN ls\n"))[-1]


def test_onbuild_leaves_no_history(plan_of: PlanOf) -> None:
    plan = plan_of("FROM scratch\nONBUILD RUN make\n")
    assert history_of(plan) == []
    assert config_of(plan).on_build == ("RUN make",)


def test_env_replaces_in_place_and_all_words_see_the_environment_before(plan_of: PlanOf) -> None:
    config = config_of(plan_of("FROM base\nENV FROM_BASE=no x=$FROM_BASE y=$x\n"))
    assert config.env == ("PATH=/bin", "FROM_BASE=no", "x=yes", "y=")


def test_entrypoint_clears_a_cmd_of_the_base(plan_of: PlanOf) -> None:
    config = config_of(plan_of('FROM base\nSHELL ["ls"]\nENTRYPOINT my entry\n'))
    assert (config.entrypoint, config.cmd) == (("ls", "my entry"), None)


def test_entrypoint_keeps_a_cmd_of_its_own_stage(plan_of: PlanOf) -> None:
    assert config_of(plan_of('FROM base\nCMD ["a"]\nENTRYPOINT ["b"]\n')).cmd == ("a",)


def test_entrypoint_clears_a_cmd_of_a_parent_stage(plan_of: PlanOf) -> None:
    text = 'FROM base AS one\nCMD ["a"]\nFROM one\nENTRYPOINT ["b"]\n'
    assert config_of(plan_of(text)).cmd is None


def test_cmd_sets_args_escaped_and_entrypoint_does_not(plan_of: PlanOf) -> None:
    assert config_of(plan_of("FROM plain\nCMD x\n")).args_escaped
    assert not config_of(plan_of("FROM plain\nENTRYPOINT x\n")).args_escaped


def test_empty_entrypoint_is_none(plan_of: PlanOf) -> None:
    assert config_of(plan_of("FROM base\nENTRYPOINT []\n")).entrypoint is None


def test_labels_of_the_build_override_those_of_the_file(plan_of: PlanOf) -> None:
    config = config_of(plan_of("FROM scratch\nLABEL b=1 a=1\n", labels=(("b", "2"),)))
    assert config.labels == (("a", "1"), ("b", "2"))


def test_a_healthcheck_replaces_the_inherited_one_whole(plan_of: PlanOf) -> None:
    text = 'FROM base AS a\nHEALTHCHECK --retries=3 CMD x\nFROM a\nHEALTHCHECK CMD ["y"]\n'
    assert config_of(plan_of(text)).healthcheck == Healthcheck(("CMD", "y"))


@pytest.mark.parametrize(
    ("text", "nanoseconds", "shown"),
    [
        ("1h30m", 5_400_000_000_000, "1h30m0s"),
        ("1.5s", 1_500_000_000, "1.5s"),
        ("0", 0, "0s"),
        (".5ms", 500_000, "500\u00b5s"),
        ("-2m", -120_000_000_000, None),
        ("90s", 90_000_000_000, "1m30s"),
        ("3ns", 3, "3ns"),
    ],
)
def test_durations_read_and_print_as_in_go(text: str, nanoseconds: int, shown: str | None) -> None:
    assert parse_duration(text) == nanoseconds
    if shown is not None:
        assert show_duration(nanoseconds) == shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("5", 'time: missing unit in duration "5"'),
        ("5parsecs", 'time: unknown unit "parsecs" in duration "5parsecs"'),
        ("", 'time: invalid duration ""'),
        ("s", 'time: invalid duration "s"'),
        ("9" * 30 + "h", "time: invalid duration"),
        ("1..2s", "time: missing unit in duration"),
    ],
)
def test_wrong_durations_are_refused_in_gos_words(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message.replace(".", r"\.")):
        parse_duration(text)


@pytest.mark.parametrize("text", ["9", "SIGTERM", "term", "RTMIN+3", "SIGRTMAX-1", "sigWinch"])
def test_known_signals_are_accepted(text: str) -> None:
    assert is_signal(text)


@pytest.mark.parametrize("text", ["0", "", "SIGNOTHING", "RTMIN+16", "RTMAX-15", "9x"])
def test_unknown_signals_are_refused(text: str) -> None:
    assert not is_signal(text)


@pytest.mark.parametrize(
    ("ports", "found"),
    [
        ("80", ["80/tcp"]),
        ("80/", ["80/tcp"]),
        ("80-82/udp", ["80/udp", "81/udp", "82/udp"]),
        ("8080:80", ["80/tcp"]),
        ("127.0.0.1:8080:80/SCTP", ["80/sctp"]),
        ("[::1]::80", ["80/tcp"]),
        ("::1:1:80", ["80/tcp"]),
        ("0", ["0/tcp"]),
        ("8000-9000:80", ["80/tcp"]),
        ("$MANY", ["1/tcp", "2/udp"]),
    ],
)
def test_ports_are_read_as_the_docker_command_line_writes_them(
    plan_of: PlanOf, ports: str, found: list[str]
) -> None:
    plan = plan_of(f'FROM plain\nENV MANY="1 2/udp"\nEXPOSE {ports}\n')
    assert sorted(config_of(plan).exposed_ports) == found


@pytest.mark.parametrize(
    ("port", "message"),
    [
        ("8080:", 'invalid port: "8080:": no port specified'),
        ("80/carrier", "invalid proto: carrier"),
        ("abc", "invalid containerPort: abc"),
        ("70000", "invalid containerPort: 70000"),
        ("9-8", "invalid containerPort: 9-8"),
        ("x:80", "invalid hostPort: x"),
        ("localhost:1:80", "invalid IP address: localhost"),
        ("1-3:80-81", "invalid ranges specified for container and host Ports: 80-81 and 1-3"),
    ],
)
def test_wrong_ports_are_refused_at_the_argument(plan_of: PlanOf, port: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        plan_of(f"FROM plain\nEXPOSE 1 {port}\n")
    assert caught.value.message == message
    assert caught.value.span is not None
    assert caught.value.span.text == port
