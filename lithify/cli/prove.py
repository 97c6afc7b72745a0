"""Owns `lithify prove`: the flags of `build`, two builds, and whether they gave the same image.

The exit status is the answer: 0 only when both digests are the same, 1 when they are not or a build failed. It refuses
flags that would put a result somewhere, take one from elsewhere, or make what differs on purpose.
"""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

from lithify.cli.build_flags import (
    add_build_flags,
    add_source_flags,
    spelled_out,
)
from lithify.cli.build_request import build_request
from lithify.cli.guard import DONE, FAILED
from lithify.cli.parser import CommandParser, command_parser, parse
from lithify.cli.render import open_face
from lithify.cli.render_proof import render_proof, round_heading
from lithify.errors import UsageError

if TYPE_CHECKING:
    from argparse import Namespace

    from lithify.cli.door import Door
    from lithify.proof import Proof
    from lithify.requests import BuildRequest

_ROUND = "lithify.cli.prove_round"
_LONGEST_WAIT_S = 7 * 86400


def parser() -> CommandParser:
    """The parser of `prove`."""
    made = command_parser("prove", "Build twice in different surroundings and compare the results.")
    add_source_flags(made)
    add_build_flags(made)
    add = made.add_argument_group("the proof").add_argument
    add("--json", action="store_true", help="the proof as JSON")
    add("--keep", action="store_true", help="keep both stores and say where they are")
    add("--apart", metavar="SECONDS", type=float, default=2.0, help="time between the builds (2)")
    return made


def run(arguments: list[str], door: Door) -> int:
    """Prove; the exit status is the answer."""
    flags = parse(parser(), spelled_out(arguments), door)
    request = build_request(flags, door.environ)
    _refuse(flags, request)
    if not 0 <= flags.apart <= _LONGEST_WAIT_S:
        raise UsageError("--apart: between 0 seconds and a week")
    proof = _prove(request, flags, door)
    if flags.json:
        sys.stdout.write(json.dumps(proof.to_json(), indent=2) + "\n")
    else:
        sys.stdout.write(render_proof(proof))
    return DONE if proof.is_identical else FAILED


def _prove(request: BuildRequest, flags: Namespace, door: Door) -> Proof:
    from lithify.proving import ProofRequest, Prover
    from lithify.requests import EngineOptions

    progress = "quiet" if flags.quiet else flags.progress
    explain = "explain" if flags.explain else ""
    asked = ProofRequest(
        build=request,
        command=(sys.executable, "-m", _ROUND, progress, explain),
        isolation=door.isolation,
        keep=flags.keep,
        apart_s=flags.apart,
    )

    def tell(number: int) -> None:
        if progress not in ("quiet", "rawjson"):
            sys.stderr.write(round_heading(number))
            sys.stderr.flush()

    prover = Prover(EngineOptions(door.store_root(), door.isolation, door.environ))
    with open_face(progress, sys.stderr, door.environ) as face, door.building(prover):
        return prover.prove(asked, face.show, tell)


def _refuse(flags: Namespace, request: BuildRequest) -> None:
    """What would leave something behind, spoil the proof or differ on purpose."""
    if flags.cache_from or flags.cache_to:
        raise UsageError("--cache-from, --cache-to: a proof builds every step, from empty stores")
    if request.attestations:
        raise UsageError(
            "attestations say when and where an image was built: they differ on purpose",
            hint="prove without --provenance, --sbom and --attest; they are no part of the image",
        )
    given = (
        ("--output", flags.output),
        ("--push", flags.push),
        ("--load", flags.load),
        ("--iidfile", flags.iidfile),
        ("--metadata-file", flags.metadata_file),
    )
    for name, value in given:
        if value:
            raise UsageError(
                f"{name}: a proof leaves no image behind",
                hint="build it with `lithify build`, or keep both stores with --keep",
            )
