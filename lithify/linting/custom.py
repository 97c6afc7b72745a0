"""Owns rules that a project brings itself: Python files that are loaded only if someone allowed it.

A rule is a module with a docstring, a `check(ctx)` as ours have, and, if it likes, a `SEVERITY`. Loading it runs it, so
nobody's checkout may decide that alone: the command line or the environment has to agree. It refuses to let a broken
rule look like a clean file.
"""

from __future__ import annotations

import os
import re
from functools import lru_cache
from importlib import util
from typing import TYPE_CHECKING, NamedTuple

from lithify.compiler.lint.names import is_known
from lithify.compiler.lint.rule import Profile, Rule, Severity
from lithify.errors import ConfigurationError, LithifyError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lithify.compiler.lint.context import Diagnostic, LintContext
    from lithify.compiler.lint.rule import Check

_STEM = re.compile(r"[a-z][a-z0-9_]*")


class CustomRule(NamedTuple):
    """A rule of a project, and the function that finds what breaks it."""

    rule: Rule
    check: Check
    path: str

    def findings(self, context: LintContext) -> Iterator[tuple[Rule, Diagnostic]]:
        """What it finds in a file. Raises ConfigurationError when the rule fails."""
        try:
            for one in self.check(context):
                yield self.rule, one
        except LithifyError:
            raise
        except Exception as error:
            name = context.dockerfile.source.name
            raise ConfigurationError(
                f"{self.path}: the rule failed on {name}: {type(error).__name__}: {error}"
            ) from error


@lru_cache(maxsize=8)
def load_rules(paths: tuple[str, ...]) -> tuple[CustomRule, ...]:
    """The rules of files. Raises ConfigurationError for what is no rule."""
    return tuple(_load(path) for path in paths)


def _load(path: str) -> CustomRule:
    stem = os.path.splitext(os.path.basename(path))[0]
    if not path.endswith(".py") or not _STEM.fullmatch(stem):
        hint = "its name in lower case is the name of the rule, such as no_foo.py"
        raise ConfigurationError(f"{path}: a rule is a Python file", hint=hint)
    slug = stem.replace("_", "-")
    if is_known(slug):
        raise ConfigurationError(f"{path}: a rule is called {slug} already")
    spec = util.spec_from_file_location(f"lithify_custom_{stem}", path)
    assert spec is not None and spec.loader is not None, "the name ends with .py"
    module = util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except FileNotFoundError as error:
        raise ConfigurationError(f"{path}: no such file") from error
    except Exception as error:
        raise ConfigurationError(f"{path}: {type(error).__name__}: {error}") from error
    check, level = getattr(module, "check", None), getattr(module, "SEVERITY", "warning")
    if not callable(check) or not module.__doc__:
        hint = "see docs/lint.md for an example"
        raise ConfigurationError(f"{path}: a rule has a docstring and check(ctx)", hint=hint)
    if level not in [one.value for one in Severity]:
        raise ConfigurationError(
            f"{path}: SEVERITY: {level!r} is none of error, warning, info, style"
        )
    rule = Rule(slug, slug, severity=Severity(level), profiles=frozenset(Profile), has_page=False)
    return CustomRule(rule, check, path)
