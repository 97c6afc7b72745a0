"""Names mean here what they mean to every other tool."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lithify.cache.reference import InvalidReference, Reference, parse_reference

DIGEST = "sha256:" + "a" * 64


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("busybox:1.36", "docker.io/library/busybox:1.36", "busybox:1.36"),
        ("library/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("index.docker.io/busybox", "docker.io/library/busybox:latest", "busybox:latest"),
        ("docker.io/a/b", "docker.io/a/b:latest", "a/b:latest"),
        ("a/b/c:x", "docker.io/a/b/c:x", "a/b/c:x"),
        ("localhost/a", "localhost/a:latest", "localhost/a:latest"),
        ("localhost:5000/a:b", "localhost:5000/a:b", "localhost:5000/a:b"),
        ("ghcr.io/o/r", "ghcr.io/o/r:latest", "ghcr.io/o/r:latest"),
        ("[::1]:80/x", "[::1]:80/x:latest", "[::1]:80/x:latest"),
        ("Upper/x", "Upper/x:latest", "Upper/x:latest"),
        (f"a@{DIGEST}", f"docker.io/library/a@{DIGEST}", f"a@{DIGEST}"),
        (f"a:t@{DIGEST}", f"docker.io/library/a:t@{DIGEST}", f"a:t@{DIGEST}"),
        ("docker.io/a.b/c", "docker.io/a.b/c:latest", "docker.io/a.b/c:latest"),
    ],
)
def test_name_has_one_full_and_one_familiar_form(text: str, full: str, familiar: str) -> None:
    reference = parse_reference(text)
    assert (str(reference), reference.familiar) == (full, familiar)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Base", "repository name (library/Base) must be lowercase"),
        ("a/B", "repository name (a/B) must be lowercase"),
        ("", "invalid reference format"),
        ("a b", "invalid reference format"),
        ("a:", "invalid reference format"),
        ("a:-x", "invalid reference format"),
        ("/a", "invalid reference format"),
        ("a//b", "invalid reference format"),
        ("a@sha256:12", "invalid reference format"),
        ("a\n", "invalid reference format"),
        (f"a@{DIGEST}\n", "invalid reference format"),
        ("a" * 300, "must not be more than 255 characters"),
        ("a" * 5000, "too long"),
        ("f" * 64, "cannot specify 64-byte hexadecimal strings"),
        ("a@sha512:" + "a" * 128, "unsupported digest algorithm: sha512"),
        ("a@sha256:" + "A" * 64, "invalid checksum digest"),
    ],
)
def test_what_is_no_name_is_refused_with_the_known_words(text: str, message: str) -> None:
    with pytest.raises(InvalidReference) as caught:
        parse_reference(text)
    assert message in caught.value.message


_COMPONENT = st.from_regex(r"[a-z0-9]{1,5}([._-][a-z0-9]{1,5}){0,2}", fullmatch=True)
_REFERENCES = st.builds(
    Reference,
    st.sampled_from(["docker.io", "localhost", "localhost:5000", "ghcr.io", "Host.example:80"]),
    st.lists(_COMPONENT, min_size=2, max_size=4).map("/".join),
    st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,8}", fullmatch=True),
)


@given(_REFERENCES)
def test_both_forms_of_any_reference_parse_back_to_it(reference: Reference) -> None:
    assert parse_reference(str(reference)) == reference
    assert parse_reference(reference.familiar) == reference


@given(st.text(max_size=40))
def test_any_text_is_a_reference_or_a_clean_error(text: str) -> None:
    try:
        reference = parse_reference(text)
    except InvalidReference:
        return
    assert parse_reference(str(reference)) == reference
