"""Owns `prove`: one request built twice from empty stores, the second time in other surroundings, and compared.

A claim of reproducibility is worth what was tried to refute it. Each build runs in a process of its own, with a store of
its own; only the base images are shared, for they are inputs. What differs is followed back to the step where it began.
It refuses to prove anything about the clock on the wall beyond the seconds that lie between the builds.
"""

from __future__ import annotations

import json
import os
import pickle
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import lithify
from lithify.api import Engine
from lithify.cache.store import Store
from lithify.cache.trees import remove_tree
from lithify.comparing import compare_stored
from lithify.errors import BuildError, UsageError
from lithify.executor.cancel import Cancellation
from lithify.executor.perturb.process import Applied
from lithify.locating import explained, locate
from lithify.perturbing import (
    DISTURBANCE,
    STORE_NAME,
    perturbed_environment,
    perturbed_request,
)
from lithify.proof import Built, Proof, Round
from lithify.requests import EngineOptions
from lithify.seeding import Seeder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from lithify.executor.compare.model import Comparison
    from lithify.executor.events import Event
    from lithify.requests import BuildRequest


@dataclass(frozen=True, slots=True)
class ProofRequest:
    """What is to be proven and how. `command` starts the process that builds a round, which it reads from standard
    input; `apart_s` seconds lie at least between the end of the first build and the start of the second."""

    build: BuildRequest
    command: tuple[str, ...]
    isolation: str = "auto"
    keep: bool = False
    apart_s: float = 2.0


class Prover:
    """Proves one request after the other, one at a time; only `cancel` may be called from elsewhere."""

    def __init__(self, options: EngineOptions) -> None:
        self._options = options
        self._cancellation = Cancellation()

    def cancel(self) -> None:
        """Stop what is under way; the process that builds cleans up after itself."""
        self._cancellation.cancel()

    def prove(
        self,
        request: ProofRequest,
        on_event: Callable[[Event], None],
        on_round: Callable[[int], None],
    ) -> Proof:
        """Build twice and compare. `on_event` tells of base images, `on_round` of the start of each build.

        Raises BuildError when a build fails, UsageError for what cannot be built twice, LithifyError."""
        _check_repeatable(request.build)
        with Engine(self._options) as engine:
            plan = json.loads(engine.plan(request.build, "json"))
        bases = [
            step["operation"]["reference"]
            for step in plan["steps"]
            if step["operation"]["kind"] == "ImageOp"
        ]
        with self._folder(keep=request.keep) as folder:
            work = _Work(self._options, self._cancellation, folder, request, on_round)
            with self._open(self._options.root) as source:
                work.fill(source, bases, on_event)
            return work.run()

    @contextmanager
    def _folder(self, *, keep: bool) -> Iterator[Path]:
        """Where both builds happen: kept for the user, or in the store's own temporary area, which even a killed
        process leaves to be cleaned up."""
        if keep:
            yield Path(tempfile.mkdtemp(prefix="lithify-prove-"))
            return
        with self._open(self._options.root) as store:
            folder = Path(tempfile.mkdtemp(prefix="prove-", dir=store.tmp_dir()))
            try:
                yield folder
            finally:
                remove_tree(folder)

    def _open(self, root: str) -> Store:
        return Store.open(Path(root), clock=time.time)


def _check_repeatable(request: BuildRequest) -> None:
    if "-" in (request.context, request.dockerfile):
        raise UsageError(
            "standard input can be read only once, and a proof builds twice",
            hint="write it to a file or a directory first",
        )


class _Work:
    """The two rounds of one proof, in a folder of their own."""

    def __init__(
        self,
        options: EngineOptions,
        cancellation: Cancellation,
        folder: Path,
        request: ProofRequest,
        on_round: Callable[[int], None],
    ) -> None:
        self._options = options
        self._cancellation = cancellation
        self._folder = folder
        self._request = request
        self._on_round = on_round
        self._roots = (folder / "store", folder / STORE_NAME)

    def fill(self, source: Store, bases: Sequence[str], on_event: Callable[[Event], None]) -> None:
        """Give both stores the base images, the second those of the first, so that they are the same."""
        environment, platforms = self._options.environment, self._request.build.platforms
        with (
            Store.open(self._roots[0], clock=time.time) as first,
            Store.open(self._roots[1], clock=time.time) as second,
        ):
            for origin, target in ((source, first), (first, second)):
                seeder = Seeder(origin, environment, self._cancellation, on_event)
                seeder.fill(target, bases, platforms)

    def run(self) -> Proof:
        """Both builds, and what differs."""
        plain = replace(self._request.build, pull="never")
        check, environment = self._cancellation.check, self._options.environment
        changed, told = perturbed_request(plain, self._folder, check)
        rounds = [
            Round(1, plain, str(self._roots[0]), self._request.isolation),
            Round(2, changed, str(self._roots[1]), self._request.isolation, DISTURBANCE),
        ]
        first = self._build(rounds[0], environment)
        self._wait()
        second = self._build(rounds[1], perturbed_environment(environment))
        clock = Applied("clock", f"{self._request.apart_s:g}s later at least")
        second = replace(second, surroundings=(clock, *told, *second.surroundings))
        proof = Proof(first, second, kept=str(self._folder) if self._request.keep else "")
        if proof.is_identical:
            return proof
        builds = [(one.root, one.request) for one in rounds]
        found = locate(builds, environment, check)
        origins = found.origins or (explained(self._compare(first.digest, second.digest)),)
        return replace(proof, origins=origins, later=found.later)

    def _build(self, asked: Round, environment: Mapping[str, str]) -> Built:
        """Build in a process of its own. Raises BuildError, Cancelled."""
        self._on_round(asked.number)
        self._cancellation.check()
        process = subprocess.Popen(
            self._request.command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_importable(environment),
            process_group=0,  # an interruption at the terminal reaches it through us, once
        )
        with process, self._cancellation.calling(process.terminate):
            answer, _ = process.communicate(pickle.dumps(asked))
        self._cancellation.check()
        if process.returncode:
            raise BuildError(f"build {asked.number} of 2 failed")
        document = json.loads(answer)
        surroundings = tuple(Applied(**one) for one in document["surroundings"])
        return Built(document["digest"], document["seconds"], surroundings)

    def _wait(self) -> None:
        """Let the clock move on, further than the two seconds that zip files count in."""
        stopped = threading.Event()
        with self._cancellation.calling(stopped.set):
            stopped.wait(self._request.apart_s)
        self._cancellation.check()

    def _compare(self, first: str, second: str) -> Comparison:
        """The images as wholes, for what no step explains."""
        with (
            Store.open(self._roots[0], clock=time.time) as one,
            Store.open(self._roots[1], clock=time.time) as other,
        ):
            before, after = one.images.get(first), other.images.get(second)
            assert before is not None and after is not None
            return compare_stored(one, before, other, after, self._cancellation.check)


def _importable(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with what a Python process needs to find this very lithify."""
    package = str(Path(lithify.__file__).parents[1])
    paths = [package, *filter(None, [environment.get("PYTHONPATH", "")])]
    return {**environment, "PYTHONPATH": os.pathsep.join(paths)}
