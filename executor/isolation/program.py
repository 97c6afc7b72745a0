"""Owns the start of companion processes: `python -I -S program.py MODULE FD [FOLDER]`.

It runs `main` of a module of this package without importing the package: empty packages that only know
their folders stand in, so that start-up stays short. FOLDER is added to the module search path.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from types import ModuleType


def _stand_in_packages() -> None:
    isolation = os.path.dirname(os.path.abspath(__file__))
    for name, folders in (
        ("lithify", []),
        ("lithify.executor", [os.path.dirname(isolation)]),
        ("lithify.executor.isolation", [isolation]),
    ):
        package = ModuleType(name)
        package.__path__ = folders
        sys.modules[name] = package


if __name__ == "__main__":
    _stand_in_packages()
    module, control_fd, *folders = sys.argv[1:]
    sys.path += folders
    import_module(f"lithify.executor.isolation.{module}").main(int(control_fd))
