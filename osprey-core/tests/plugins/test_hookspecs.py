"""The extension points: every example runs, and the kernel knows each with its registration."""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Iterable
from typing import get_type_hints

import pytest

from osprey import hookspecs
from osprey.plugins.kinds import KINDS
from osprey.plugins.points import HOOK_PREFIX, UNCONSUMED, noun

HOOKS = [name for name in vars(hookspecs) if name.startswith(HOOK_PREFIX)]


@pytest.mark.parametrize("hook", HOOKS)
def test_the_example_of_every_hook_runs(hook: str) -> None:
    [example] = [t for t in doctest.DocTestFinder().find(getattr(hookspecs, hook), hook, globs={}) if t.examples]
    result = doctest.DocTestRunner().run(example)
    assert result.attempted >= 3
    assert result.failed == 0


@pytest.mark.parametrize("hook", HOOKS)
def test_every_hook_takes_nothing_and_yields_its_registration(hook: str) -> None:
    function = getattr(hookspecs, hook)
    assert not inspect.signature(function).parameters
    assert get_type_hints(function)["return"] == Iterable[KINDS[hook.removeprefix(HOOK_PREFIX)]]


def test_the_kernel_knows_every_hook() -> None:
    assert {f"{HOOK_PREFIX}{point}" for point in KINDS} == set(HOOKS)
    assert KINDS.keys() >= UNCONSUMED


def test_points_have_a_singular() -> None:
    assert [noun(p) for p in ("connectors", "capabilities", "write_policies")] == [
        "connector",
        "capability",
        "write policy",
    ]
