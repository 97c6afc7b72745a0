"""Owns what a stage has become after an instruction: file system, environment, image config, history.

It is one frozen value so that an instruction's effect is a function from state to state and a child stage can
start from its parent's last one. It refuses to hold anything needed only while planning.

Specification: section 3.0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lithify.cache.oci import ContainerConfig, HistoryEntry
from lithify.values import dataclass, replace

if TYPE_CHECKING:
    from lithify.cache.oci import ImageConfig
    from lithify.cache.platform import Platform
    from lithify.compiler.plan import Tree

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
HISTORY_COMMENT = "buildkit.dockerfile.v0"

Pairs = tuple[tuple[str, str], ...]


def set_pair(pairs: Pairs, name: str, value: str) -> Pairs:
    """Replace the value in place, or append the pair."""
    if any(key == name for key, _ in pairs):
        return tuple((key, value if key == name else old) for key, old in pairs)
    return (*pairs, (name, value))


@dataclass(frozen=True, slots=True)
class StageState:
    """`env` is the build environment, ARGs included; `config.env` is what the image keeps.

    `args` are all ARGs declared so far, in order, with their values; `has_cmd` says that this very stage
    has set CMD; `base_history` counts the history entries that came from a base image."""

    platform: Platform
    tree: Tree
    config: ContainerConfig
    env: Pairs = ()
    args: tuple[tuple[str, str | None], ...] = ()
    history: tuple[HistoryEntry, ...] = ()
    base_history: int = 0
    author: str = ""
    has_cmd: bool = False

    @property
    def variables(self) -> dict[str, str]:
        """The build environment as a mapping."""
        return dict(self.env)

    @property
    def settings(self) -> int:
        """How many variables, labels, ports and volumes have been set."""
        kept = self.config
        return (
            len(self.env)
            + len(self.args)
            + len(kept.labels)
            + len(kept.exposed_ports)
            + len(kept.volumes)
        )

    @property
    def working_dir(self) -> str:
        """The absolute working directory."""
        written = self.config.working_dir or "/"
        return written if written.startswith("/") else f"/{written}"

    @property
    def shell(self) -> tuple[str, ...]:
        """What stands before a command in shell form."""
        default = ("cmd", "/S", "/C") if self.platform.os == "windows" else ("/bin/sh", "-c")
        return self.config.shell or default

    def with_env(self, name: str, value: str) -> StageState:
        """A variable set in the build environment only."""
        return replace(self, env=set_pair(self.env, name, value))

    def with_config(self, config: ContainerConfig) -> StageState:
        return replace(self, config=config)

    def noting(self, created_by: str, *, has_layer: bool = False) -> StageState:
        """With one more history entry."""
        entry = HistoryEntry(
            created_by=created_by, comment=HISTORY_COMMENT, empty_layer=not has_layer
        )
        return replace(self, history=(*self.history, entry))


def empty_state(platform: Platform, tree: Tree) -> StageState:
    """The start of a stage on `scratch` or on files without an image config (section 3.1)."""
    return _with_path(StageState(platform, tree, ContainerConfig(working_dir="/")))


def image_state(image: ImageConfig, platform: Platform, tree: Tree) -> StageState:
    """The start of a stage on an image: everything inherited, triggers consumed (section 3.1)."""
    env = tuple(_split_variable(one) for one in image.config.env)
    state = StageState(
        platform,
        tree,
        replace(image.config, on_build=()),
        env,
        history=image.history,
        base_history=len(image.history),
        author=image.author,
    )
    return _with_path(state)


def result_state(result: StageState) -> StageState:
    """The start of a stage on the finished result of another target: what its image would keep."""
    env = tuple(_split_variable(one) for one in result.config.env)
    return _with_path(replace(result, env=env, args=(), has_cmd=False))


def child_state(parent: StageState) -> StageState:
    """The start of a stage on an earlier stage."""
    return replace(parent, config=replace(parent.config, on_build=()), has_cmd=False)


def _split_variable(text: str) -> tuple[str, str]:
    name, _, value = text.partition("=")
    return name, value


def _with_path(state: StageState) -> StageState:
    if state.platform.os == "windows" or any(name == "PATH" for name, _ in state.env):
        return state
    config = replace(state.config, env=(*state.config.env, f"PATH={DEFAULT_PATH}"))
    return state.with_config(config).with_env("PATH", DEFAULT_PATH)
