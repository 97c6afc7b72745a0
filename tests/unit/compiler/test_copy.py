"""COPY, ADD and WORKDIR: sources, destinations, flags, remote addresses."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from lithify.compiler.lower.copy import is_mode
from lithify.compiler.lower.remote import is_git, parse_git
from lithify.compiler.paths import absolute_path, destination_path
from lithify.compiler.plan import (
    CopyOp,
    GitSource,
    InlineSource,
    Plan,
    TreeSource,
    UrlSource,
    WorkdirOp,
)
from lithify.errors import SourceError

PlanOf = Callable[..., Plan]
SHA256 = "sha256:" + "a" * 64


def copy_op(plan: Plan) -> CopyOp:
    op = plan.steps[-1].op
    assert isinstance(op, CopyOp)
    return op


def paths(op: CopyOp) -> list[str]:
    return [source.path for source in op.sources if isinstance(source, TreeSource)]


@pytest.mark.parametrize(
    ("written", "absolute"),
    [
        ("/a", "/a"),
        ("/a/", "/a/"),
        ("/a/.", "/a/"),
        ("a", "/w/a"),
        ("./a/", "/w/a/"),
        (".", "/w/"),
        ("", "/w/"),
        ("..", "/"),
        ("../x", "/x"),
        ("../../..//x", "/x"),
        ("/", "/"),
        ("//", "/"),
        ("./", "/w/"),
    ],
)
def test_destinations_keep_a_significant_slash(written: str, absolute: str) -> None:
    assert destination_path(written, "/w") == absolute


@pytest.mark.parametrize(
    ("path", "absolute"), [("../x", "/x"), ("/x/", "/x"), ("x", "/x"), ("", "/"), (".", "/")]
)
def test_sources_are_clean_paths_below_the_root(path: str, absolute: str) -> None:
    assert absolute_path(path) == absolute


def test_words_are_expanded_and_remembered_as_written(plan_of: PlanOf) -> None:
    op = copy_op(plan_of("FROM base\nENV d=x\nCOPY $d/ ../y* $d/\n"))
    assert paths(op) == ["/x", "/y*"]
    assert [one.as_written for one in op.sources if isinstance(one, TreeSource)] == ["x/", "../y*"]
    assert op.destination == "/srv/x/"


@pytest.mark.parametrize(
    ("source", "path"),
    [
        ("a/b", "/a/b"),
        ("./a/b", "/a/b"),
        ("a/./b/../c", "/a/./c"),
        ("a/./b/./c", "/a/./b/c"),
        ("/a/b*/./**/e", "/a/b*/./**/e"),
        ("a/.", "/a"),
        ("././a/./b", "/a/./b"),
        ("/./a", "/a"),
    ],
)
def test_parents_keeps_the_first_pivot(plan_of: PlanOf, source: str, path: str) -> None:
    assert paths(copy_op(plan_of(f"FROM scratch\nCOPY --parents {source} /o/\n"))) == [path]


def test_heredocs_become_files_after_the_paths(plan_of: PlanOf) -> None:
    text = "FROM scratch\nARG n=w\nCOPY <<A p <<-'B' /d/\n'$n' \\$n\nA\n\t$n\nB\n"
    op = copy_op(plan_of(text))
    assert paths(op) == ["/p"]
    assert op.sources[1:] == (InlineSource("A", b"'w' $n\n"), InlineSource("B", b"$n\n"))


def test_heredocs_of_one_name_all_have_the_last_body(plan_of: PlanOf) -> None:
    op = copy_op(plan_of("FROM scratch\nCOPY <<A <<A /d/\n1\nA\n2\nA\n"))
    assert op.sources == (InlineSource("A", b"2\n"), InlineSource("A", b"2\n"))


def test_flags_are_kept(plan_of: PlanOf) -> None:
    flags = "--chown=$o --chmod=u=rwX --parents --exclude=*.$x --exclude=b"
    op = copy_op(plan_of(f"FROM scratch\nENV o=1:2 x=y\nCOPY {flags} a /\n"))
    assert (op.chown, op.chmod, op.parents) == ("1:2", "u=rwX", True)
    assert op.exclude == ("*.$x", "b")
    assert op.unpack is False


def test_chmod_makes_link_an_ordinary_copy(plan_of: PlanOf) -> None:
    assert copy_op(plan_of("FROM scratch\nCOPY --link a /\n")).link
    assert not copy_op(plan_of("FROM scratch\nCOPY --link=false a /\n")).link
    assert not copy_op(plan_of("FROM scratch\nCOPY --link --chmod=755 a /\n")).link


@pytest.mark.parametrize(
    ("flag", "unpack"), [("", None), ("--unpack", True), ("--unpack=false", False)]
)
def test_add_says_what_becomes_of_archives(plan_of: PlanOf, flag: str, unpack: bool | None) -> None:
    assert copy_op(plan_of(f"FROM scratch\nADD {flag} a /\n")).unpack is unpack


@pytest.mark.parametrize("mode", ["0", "755", "07777", "u=rwX,go=rX", "+x", "a-w+X", "g=u", "=t"])
def test_modes_are_octal_or_symbolic(mode: str) -> None:
    assert is_mode(mode)


@pytest.mark.parametrize("mode", ["64a", "10000", "9", "u", "u+y", "verywrong", "u+r,", "-1"])
def test_other_modes_are_refused(mode: str) -> None:
    assert not is_mode(mode)


@pytest.mark.parametrize(
    ("text", "git"),
    [
        ("git://host/any", True),
        ("ssh://git@host/x", True),
        ("https://host/x.git", True),
        ("https://host/x.git?ref=a#b:c", True),
        ("git@github.com:a/b", True),
        ("https://host/x.git/", False),
        ("https://host/x", False),
        ("foo.git", False),
        ("./x", False),
        ("custom.xyz/a.git", False),
        ("github.com/a/b", False),
    ],
)
def test_git_addresses_are_told_from_paths(text: str, git: bool) -> None:
    assert is_git(text) is git


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("https://h/x.git#v1:sub", GitSource("https://h/x.git", "v1", "sub")),
        ("git@h:a/b.git?tag=v1#:sub", GitSource("git@h:a/b.git", "refs/tags/v1", "sub")),
        ("https://h/x.git?branch=a%2Fb", GitSource("https://h/x.git", "refs/heads/a/b")),
        (
            "https://h/x.git?commit=abc&keep-git-dir&submodules=false&subdir=s",
            GitSource("https://h/x.git", "", "s", "abc", True, False),
        ),
    ],
)
def test_git_addresses_are_taken_apart(text: str, source: GitSource) -> None:
    assert parse_git(text) == source


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("?ref", 'query "ref" has no value'),
        ("?ref=a&ref=b", 'query "ref" has multiple values'),
        ("?colour=a", 'unexpected query "colour"'),
        ("?ref=a#b", 'ref conflicts: "b" vs "a"'),
        ("?subdir=a#x:b", 'subdir conflicts: "b" vs "a"'),
        ("?branch=a&tag=b", "branch conflicts with tag"),
        ("?submodules=maybe", 'invalid submodules value: "maybe"'),
        ("?mtime=now", 'invalid mtime value: "now"'),
        ("?checksum=xyz", "expected hex commit hash"),
    ],
)
def test_wrong_git_addresses_are_refused(plan_of: PlanOf, query: str, message: str) -> None:
    with pytest.raises(SourceError) as caught:
        plan_of(f"FROM scratch\nADD https://h/x.git{query} /\n")
    assert message in caught.value.message


def test_remote_sources_of_add(plan_of: PlanOf) -> None:
    text = f"FROM scratch\nADD --checksum={SHA256} https://h/f?a=b /\n"
    assert copy_op(plan_of(text)).sources == (UrlSource("https://h/f?a=b", SHA256),)
    text = "FROM scratch\nADD --checksum=abc --keep-git-dir https://h/x.git#v1 /\n"
    expected = GitSource("https://h/x.git", "v1", "", "abc", True)
    assert copy_op(plan_of(text)).sources == (expected,)


@pytest.mark.parametrize(
    ("line", "message", "marked"),
    [
        ("COPY http://h/x /", "source can't be a URL for COPY", "http://h/x"),
        ("COPY git@h:x /", "source can't be a git ref for COPY", "git@h:x"),
        (
            "COPY --chmod=64a a /",
            "invalid chmod parameter: '64a'. it should be octal string and between 0 and 07777",
            "--chmod=64a",
        ),
        ("COPY --link --chown=daemon a /", "invalid user index: -1", "--chown=daemon"),
        (
            f"ADD --checksum={SHA256} a /",
            "checksum requires HTTP(S) or Git sources",
            f"--checksum={SHA256}",
        ),
        (
            f"ADD --checksum={SHA256} http://h/a http://h/b /",
            "checksum can't be specified for multiple sources",
            f"--checksum={SHA256}",
        ),
        ("ADD --checksum=sha256:zz http://h/a /", "invalid checksum digest format", "http://h/a"),
        ("ADD --checksum=md5:ab http://h/a /", "unsupported digest algorithm", "http://h/a"),
        (
            "ADD --keep-git-dir=false https://h/x.git?keep-git-dir=1 /",
            "inconsistent keep-git-dir configuration",
            "https://h/x.git?keep-git-dir=1",
        ),
        (
            "ADD --checksum=ab https://h/x.git?checksum=cd /",
            'checksum mismatch "ab" != "cd"',
            "https://h/x.git?checksum=cd",
        ),
        ("COPY a${x:?must} /", 'failed to process "a${x:?must}": x: must', "a${x:?must}"),
        ("COPY <<E /f\n${x:?must}\nE", "x: must", "${x:?must}\n"),
    ],
)
def test_wrong_copies_are_refused_at_the_word_or_flag(
    plan_of: PlanOf, line: str, message: str, marked: str
) -> None:
    with pytest.raises(SourceError) as caught:
        plan_of(f"FROM scratch\n{line}\n")
    assert message in caught.value.message
    assert caught.value.span is not None
    assert caught.value.span.text == marked


def test_workdir_makes_a_directory_of_the_present_user(plan_of: PlanOf) -> None:
    plan = plan_of("FROM base\nWORKDIR /a/$NOPE/b/..\n")
    assert plan.steps[-1].op == WorkdirOp("/a", "app")
    assert plan.results[0].config.working_dir == "/a"


def test_a_relative_workdir_follows_the_one_before(plan_of: PlanOf) -> None:
    plan = plan_of("FROM scratch\nWORKDIR a\nWORKDIR ../b\nWORKDIR ..\n")
    assert [step.op for step in plan.steps] == [WorkdirOp("/a"), WorkdirOp("/b")]
    assert plan.results[0].config.working_dir == "/"
