"""What is said where isolation is impossible."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from lithify.errors import SandboxError
from lithify.executor.isolation.namespaces import NamespaceSandbox


def test_users_other_than_root_are_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    sandbox = NamespaceSandbox(print)
    with pytest.raises(SandboxError, match="not root") as caught:
        sandbox.prepare(network=False)
    assert "CAP_SYS_ADMIN" in caught.value.hint
    sandbox.close()


@pytest.mark.root
def test_root_without_the_right_to_make_namespaces_is_told_so() -> None:
    program = textwrap.dedent(
        """
        import os
        from lithify.errors import SandboxError, render_error
        from lithify.executor.isolation import kernel
        from lithify.executor.isolation.container import DEFAULT_CAPABILITIES
        from lithify.executor.isolation.namespaces import NamespaceSandbox
        from lithify.executor.isolation.ports import RunSpec
        kernel.bound_capabilities(DEFAULT_CAPABILITIES)
        kernel.set_capabilities(os.uname().machine, DEFAULT_CAPABILITIES)
        sandbox = NamespaceSandbox(print)
        try:
            sandbox.start(RunSpec(0, ("true",), (), network="none"), stdout=1, stderr=2)
        except SandboxError as error:
            print(render_error(error))
        sandbox.close()
        """
    )
    result = subprocess.run(
        [sys.executable, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
    )
    assert result.stderr == ""
    assert "clone3: Operation not permitted" in result.stdout
    assert "--privileged" in result.stdout
