"""The values of --cache-from and --cache-to: what is understood, and that nothing is silently ignored."""

from __future__ import annotations

import pytest

from lithify.cli.cache_flags import cache
from lithify.errors import UsageError
from lithify.requests import CacheSpec


@pytest.mark.parametrize(
    ("flag", "text", "spec"),
    [
        ("--cache-from", "a/b:c", CacheSpec("registry", (("ref", "a/b:c"),))),
        ("--cache-to", "a/b:c", CacheSpec("registry", (("ref", "a/b:c"),))),
        ("--cache-from", "type=registry,ref=a", CacheSpec("registry", (("ref", "a"),))),
        (
            "--cache-from",
            f"type=local,src=d,digest=sha256:{'0' * 64}",
            CacheSpec("local", (("src", "d"), ("digest", f"sha256:{'0' * 64}"))),
        ),
        (
            "--cache-to",
            "type=local,dest=d,tag=t,mode=max,compression=zstd,compression-level=9",
            CacheSpec(
                "local",
                (
                    ("dest", "d"),
                    ("tag", "t"),
                    ("mode", "max"),
                    ("compression", "zstd"),
                    ("compression-level", "9"),
                ),
            ),
        ),
        (
            "--cache-to",
            "type=registry,ref=a,image-manifest=true,oci-mediatypes=true,ignore-error=true",
            CacheSpec(
                "registry",
                (
                    ("ref", "a"),
                    ("image-manifest", "true"),
                    ("oci-mediatypes", "true"),
                    ("ignore-error", "true"),
                ),
            ),
        ),
        ("--cache-to", "type=inline", CacheSpec("inline", ())),
    ],
)
def test_what_buildx_writes_is_understood(flag: str, text: str, spec: CacheSpec) -> None:
    assert cache(flag, text) == spec


@pytest.mark.parametrize(
    ("flag", "text", "said"),
    [
        ("--cache-from", "type=gha", "type=gha (the cache service of GitHub) is not available"),
        ("--cache-to", "type=s3,bucket=b", "type=s3 (a bucket of S3) is not available"),
        ("--cache-to", "type=azblob", "is not available"),
        ("--cache-from", "type=inline", "is read from its image"),
        ("--cache-from", "type=locl,src=d", "did you mean local?"),
        ("--cache-from", "src=d", "has no type"),
        ("--cache-from", "", "has no type"),
        ("--cache-from", "type=local", "needs src"),
        ("--cache-to", "type=local,mode=max", "needs dest"),
        ("--cache-to", "type=registry", "needs ref"),
        ("--cache-to", "type=registry,ref=a b", "not an image name"),
        ("--cache-from", "a b", "not an image name"),
        ("--cache-from", "type=local,src=d,mode=max", "no key 'mode'"),
        ("--cache-to", "type=local,dst=d", "did you mean dest?"),
        ("--cache-from", "type=local,src=d,digest=x", "not a sha256 digest"),
        ("--cache-to", "type=inline,mode=max", "no mode 'max'"),
        ("--cache-to", "type=registry,ref=a,mode=most", "no mode 'most'"),
        ("--cache-to", "type=registry,ref=a,compression=estargz", "unknown compression"),
        ("--cache-to", "type=registry,ref=a,compression-level=9", "not possible for gzip"),
        ("--cache-to", "type=registry,ref=a,image-manifest=false", "image-manifest=false"),
        ("--cache-to", "type=registry,ref=a,ignore-error=perhaps", "true or false"),
        ("--cache-to", 'type=registry,"ref=a', "comma-separated"),
    ],
)
def test_what_cannot_be_honoured_is_refused(flag: str, text: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        cache(flag, text)
    assert said in caught.value.message
    assert flag in caught.value.message
