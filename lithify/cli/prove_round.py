"""Owns the process that makes one build of a proof: it takes a round, changes its surroundings, builds, answers.

It is a process of its own because umask, host name, clocks and processors belong to processes, and because nothing of
the first build may linger for the second. The round comes from the parent alone, over standard input; the answer goes to
standard output as JSON, progress and errors to standard error. It refuses to outlive its parent.
"""

from __future__ import annotations

import ctypes
import json
import os
import pickle
import signal
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from lithify.cli.door import Door
from lithify.cli.guard import DONE, INTERRUPTED, guarded, status_of
from lithify.cli.render import open_face
from lithify.errors import Cancelled, LithifyError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lithify.executor.perturb.process import Applied
    from lithify.proof import Round

_PR_SET_PDEATHSIG = 1


def main(arguments: Sequence[str]) -> int:
    """Build the round that is on standard input. `arguments` are the kind of progress and `explain` or ''."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    progress, explain = arguments
    door = Door(os.environ)
    asked: Round = pickle.loads(sys.stdin.buffer.read())
    return guarded(lambda: _build(asked, door, progress, explain == "explain"), door, ["prove"])


def _build(asked: Round, door: Door, progress: str, explain: bool) -> int:
    applied: tuple[Applied, ...] = ()
    if asked.disturbance is not None:
        from lithify.executor.perturb.process import disturb

        applied = disturb(asked.disturbance)
    door.root, door.isolation = asked.root, asked.isolation
    with open_face(progress, sys.stderr, door.environ, explain=explain) as face:
        try:
            with door.engine() as engine, door.building(engine):
                result = engine.build(asked.request, face.show)
        except Cancelled:
            return INTERRUPTED  # who stopped us says so
        except LithifyError as error:
            if face.failed(error):
                return status_of(error)
            raise
        face.finished(result)
    answer = {
        "digest": result.digest,
        "seconds": result.seconds,
        "surroundings": [asdict(one) for one in applied],
    }
    sys.stdout.write(json.dumps(answer))
    return DONE


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
