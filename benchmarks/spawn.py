"""Owns the small process that starts the measured one: `python -I -S spawn.py REPORT COMMAND...`.

The kernel counts what a process held before exec into its peak memory, so the measured command must not be the child of
a large one. Imports nothing that is not built in; refuses to interpret anything.
"""

import os
import sys
import time


def main(report: str, argv: list[str]) -> int:
    """Run the command and write wall seconds, processor seconds, peak bytes to `report`."""
    begin = time.perf_counter()
    pid = os.posix_spawnp(argv[0], argv, os.environ)
    _, status, usage = os.wait4(pid, 0)
    wall_s = time.perf_counter() - begin
    figures = (wall_s, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
    with open(report, "w") as file:
        file.write(" ".join(map(str, figures)))
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
