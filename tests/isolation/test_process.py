"""How processes start, end, are signalled and are kept within their limits."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lithify.errors import SandboxError
from lithify.executor.isolation.namespaces import NamespaceSandbox
from lithify.executor.isolation.ports import Identity, Limits

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.root
Run = Any


@pytest.mark.parametrize("code", [0, 1, 7, 255])
def test_exit_codes_are_passed_on(run: Run, code: int) -> None:
    assert run(f"exit {code}").status.code == code


def test_a_process_killed_by_a_signal_reports_128_plus_its_number(run: Run) -> None:
    outcome = run("sh -c 'kill -TERM $$'; exit $?")
    assert outcome.code == 128 + signal.SIGTERM


def test_exec_form_finds_programs_in_the_path_of_its_environment(run: Run) -> None:
    assert run(("echo", "hi")).output == "hi\n"
    assert run(("echo", "hi"), env=(("PATH", "/nowhere"),)).code == 127


def test_a_missing_program_exits_127_and_is_named(run: Run) -> None:
    outcome = run(("no-such-program",))
    assert outcome.code == 127
    assert "no-such-program" in outcome.output


def test_a_file_without_execute_bits_exits_126_and_is_named(world: Any, rootfs: Path) -> None:
    extra = world.directory("plain")
    (extra / "plain").write_text("x")
    outcome = world.run(("/plain",), lowers=[extra, *world.lowers])
    assert outcome.code == 126
    assert "/plain" in outcome.output
    assert "permission denied" in outcome.output


def test_the_process_is_the_first_of_its_pid_namespace(run: Run) -> None:
    assert run("echo $$; ls -d /proc/[0-9]* | wc -l").output.split()[0] == "1"


def test_standard_input_is_empty_and_nothing_is_a_terminal(run: Run) -> None:
    outcome = run("cat; for n in 0 1 2; do [ -t $n ] && echo tty; done; true")
    assert (outcome.code, outcome.output) == (0, "")


def test_no_descriptor_leaks_in(run: Run) -> None:
    assert run(("ls", "/proc/self/fd")).output.split() == ["0", "1", "2", "3"]


def test_a_background_process_holding_the_output_does_not_hang_the_run(run: Run) -> None:
    assert run("sleep 300 & echo started").output == "started\n"


def test_kill_ends_children_that_left_the_session(world: Any) -> None:
    root, _ = world.overlay()
    read_end, write_end = os.pipe()
    script = "setsid sh -c 'echo up; exec sleep 300' & setsid sleep 300 & wait"
    process = world.start(script, root=root, output=write_end)
    os.close(write_end)
    with open(read_end, "rb") as reader:
        assert reader.readline() == b"up\n"
        process.kill()
        process.kill()
        assert reader.read() == b""
    status = process.wait()
    assert (status.code, status.signal) == (137, signal.SIGKILL)
    assert process.wait() == status
    process.kill()


def test_signals_reach_the_first_process(world: Any) -> None:
    root, _ = world.overlay()
    read_end, write_end = os.pipe()
    script = "trap 'echo caught; exit 3' TERM; echo ready; while :; do sleep 0.01; done"
    process = world.start(script, root=root, output=write_end)
    os.close(write_end)
    with open(read_end, "rb") as reader:
        assert reader.readline() == b"ready\n"
        process.signal(signal.SIGTERM)
        assert reader.read() == b"caught\n"
    assert process.wait().code == 3


def test_dispositions_of_python_do_not_reach_the_process(run: Run) -> None:
    ignored = run("grep SigIgn /proc/self/status; grep SigBlk /proc/self/status").output
    assert [line.split()[1] for line in ignored.splitlines()] == ["0" * 16] * 2


def test_eight_processes_run_at_the_same_time(world: Any) -> None:
    barrier = threading.Barrier(8)

    def one(number: int) -> tuple[int, str]:
        barrier.wait()
        outcome = world.run(f"echo {number} > /tmp/f; cat /tmp/f; exit {number}")
        return outcome.code, outcome.output

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(one, range(8)))
    assert results == [(number, f"{number}\n") for number in range(8)]


def test_large_environments_and_many_arguments_arrive(run: Run) -> None:
    big = "x" * 100_000
    assert run('echo "${#BIG}"', env=(("PATH", "/bin"), ("BIG", big))).output == "100000\n"
    assert run(("sh", "-c", "echo $#", "sh", *["a" * 1000] * 300)).output == "300\n"
    assert run(f"echo {big} | wc -c").output == "100001\n"


def test_an_argument_beyond_the_kernels_limit_is_a_failed_exec(run: Run) -> None:
    outcome = run(("echo", "x" * 200_000))
    assert outcome.code == 126
    assert "too long" in outcome.output


def test_bytes_that_are_no_text_survive(run: Run) -> None:
    odd = os.fsdecode(b"\xff\xfe")
    outcome = run(("sh", "-c", 'printf %s "$1" | od -An -tx1', "sh", odd))
    assert outcome.output.split() == ["ff", "fe"]


def test_ulimits_are_set_and_defaults_do_not_come_from_the_host(run: Run) -> None:
    assert run("ulimit -n").output == "1024\n"
    limits = Limits(ulimits=(("nofile", 100, 200), ("nproc", 50, 60)))
    assert run("ulimit -Sn; ulimit -Hn", limits=limits).output.split() == ["100", "200"]


def test_a_limit_that_cannot_be_raised_is_not_fatal(run: Run) -> None:
    assert run("true", limits=Limits(ulimits=(("nofile", 1 << 40, 1 << 41),))).code == 0


def test_an_unknown_limit_is_an_error(run: Run) -> None:
    with pytest.raises(SandboxError, match="frobs"):
        run("true", limits=Limits(ulimits=(("frobs", 1, 1),)))


def test_a_missing_working_directory_is_made(run: Run) -> None:
    outcome = run("pwd", cwd="/w/x")
    assert outcome.output == "/w/x\n"
    assert outcome.changed == ["w", "w/x"]


def test_the_file_creation_mask_is_022(run: Run) -> None:
    assert run("umask").output == "0022\n"


def test_address_space_randomisation_is_off_only_when_asked(run: Run) -> None:
    script = "grep stack /proc/self/maps | cut -d- -f1"
    assert len({run(script).output for _ in range(3)}) == 1
    assert len({run(script, no_aslr=False).output for _ in range(3)}) > 1


def test_a_user_may_reopen_standard_output(run: Run) -> None:
    outcome = run("echo hi > /dev/stdout; id -u; id -G", identity=Identity(33, 37, (37, 50)))
    assert outcome.output == "hi\n33\n37 50\n"


def test_resident_memory_is_reported(run: Run) -> None:
    assert run("true").status.max_rss_bytes > 100_000


def test_a_failed_setup_names_the_operation(world: Any) -> None:
    read_end, write_end = os.pipe()
    no_mount = os.open("/", os.O_PATH)
    process = world.start("true", root=no_mount, output=write_end)
    for _ in range(2):
        with pytest.raises(SandboxError, match="root file system"):
            process.wait()
    for fd in (read_end, write_end, no_mount):
        os.close(fd)


def test_closing_kills_what_runs_and_refuses_new_processes(world: Any) -> None:
    sandbox = NamespaceSandbox(lambda _: None)
    root, _ = world.overlay()
    read_end, write_end = os.pipe()
    process = world.start("sleep 300", root=root, output=write_end, sandbox=sandbox)
    os.close(write_end)
    sandbox.close()
    with open(read_end, "rb") as reader:
        assert reader.read() == b""
    assert process.wait().signal == signal.SIGKILL
    sandbox.close()
    with pytest.raises(SandboxError, match="closed"):
        sandbox.prepare(network=False)


def test_a_killed_main_process_leaves_no_process_and_no_mount(world: Any, tmp_path: Path) -> None:
    marker = f"{tmp_path.name}-sleep"
    program = textwrap.dedent(
        """
        import os, sys
        from pathlib import Path
        from lithify.executor.isolation.namespaces import NamespaceSandbox
        from lithify.executor.isolation.ports import RunSpec
        from lithify.executor.snapshot.overlay import mount_overlay
        *lowers, upper, work, marker = sys.argv[1:]
        root = mount_overlay([Path(p) for p in lowers], upper=Path(upper), work=Path(work))
        sandbox = NamespaceSandbox(print)
        script = f"setsid sh -c ': {marker}; echo up; sleep 300; :' & : {marker}; wait"
        spec = RunSpec(root, ("/bin/sh", "-c", script), (("PATH", "/bin"),), network="none")
        sandbox.start(spec, stdout=1, stderr=2).wait()
        """
    )
    upper, work = world.directory("killed-upper"), world.directory("killed-work")
    arguments = [*map(str, world.lowers), str(upper), str(work), marker]
    main = subprocess.Popen(
        [sys.executable, "-c", program, *arguments],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert main.stdout is not None
    assert main.stdout.readline() == b"up\n"
    assert len(_processes_with(marker)) >= 3
    main.kill()
    main.wait()
    # The pipe ends when its last holder is gone: no clock is needed to await the kernel's work.
    assert main.stdout.read() == b""
    main.stdout.close()
    assert _processes_with(marker) == []
    assert str(upper) not in Path("/proc/self/mountinfo").read_text()


def _processes_with(marker: str) -> list[str]:
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            try:
                command = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if marker.encode() in command:
                found.append(folder.name)
    return found


def test_the_starting_thread_may_end_before_the_process(world: Any) -> None:
    sandbox = NamespaceSandbox(lambda _: None)
    results: list[Any] = []
    thread = threading.Thread(target=lambda: results.append(_first_run(world, sandbox)))
    thread.start()
    thread.join()
    later: Callable[..., Any] = world.run
    assert results[0].code == 4
    assert later("exit 5", sandbox=sandbox).code == 5
    sandbox.close()


def _first_run(world: Any, sandbox: NamespaceSandbox) -> Any:
    return world.run("exit 4", sandbox=sandbox)
