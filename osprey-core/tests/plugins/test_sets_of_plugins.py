"""Whatever set of good and bad plugins is installed, the same rules hold."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from osprey.errors import PluginError
from osprey.plugins import LoadOptions, Registry, Status
from osprey.plugins.registry import check_start

KINDS = ["good", "policy", "raises", "exits", "misspelt", "too new", "broken policy"]
PLUGINS = st.dictionaries(
    st.sampled_from([f"p{i}" for i in range(5)]),
    st.tuples(st.sampled_from(KINDS), st.sampled_from(["mango", "doocs", "own"])),
    min_size=1,
)


def _install(toys: Any, name: str, kind: str, connector: str) -> None:
    if kind == "policy":
        toys.policy(name)
    elif kind == "broken policy":
        toys.policy(name, before="raise RuntimeError")
    elif kind in {"good", "too new"}:
        core = ">=0.1" if kind == "good" else ">=99"
        connector = name if connector == "own" else connector
        toys.connector(name, connector=connector, requires=[f"osprey-core{core}"])
    else:
        line = {"raises": "1 / 0", "exits": "raise SystemExit(0)", "misspelt": "@hookimpl\ndef osprey_x(): ..."}[kind]
        toys.add(name, line)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(plugins=PLUGINS, disabled=st.sets(st.sampled_from([f"p{i}" for i in range(5)])), by_config=st.booleans())
def test_the_rules_hold_for_every_set_of_plugins(
    toys: Any, plugins: dict[str, tuple[str, str]], disabled: set[str], by_config: bool
) -> None:
    names = tuple(sorted(disabled & plugins.keys()))
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        here = type(toys)(Path(folder), toys.cache)
        patch.syspath_prepend(folder)
        for name, (kind, connector) in plugins.items():
            _install(here, name, kind, connector)
        options = LoadOptions() if by_config else LoadOptions(disable=names)
        found = here.survey(options, disable=names if by_config else ())
        try:
            _check(found, options, plugins, set(names), by_config)
        finally:
            for module in [module for module in sys.modules if module.startswith("toy_")]:
                del sys.modules[module]


def _check(
    found: Any, options: LoadOptions, plugins: dict[str, tuple[str, str]], disabled: set[str], by_config: bool
) -> None:
    status = {row.name: row.status for row in found.plugins}
    kind = {name: kind for name, (kind, _) in plugins.items()}
    registry = Registry(found)

    # Nothing takes the core down, every plugin is accounted for, and every failure has a reason.
    assert status["core"] is Status.OK
    assert status.keys() - {"core"} >= plugins.keys()
    assert all(row.reason for row in found.plugins if row.status is not Status.OK)

    # What is disabled is disabled and was not touched.
    assert {name for name in plugins if status[name] is Status.DISABLED} == disabled
    assert not any(f"toy_osprey_{name}" in sys.modules for name in disabled)

    # A name has one owner or none, and a good plugin is usable unless its name is claimed twice.
    claims: dict[str, list[str]] = {}
    for name, (its_kind, connector) in plugins.items():
        if its_kind == "good" and name not in disabled:
            claims.setdefault(name if connector == "own" else connector, []).append(name)
    for connector, owners in claims.items():
        assert (connector in registry.names("connectors")) == (len(owners) == 1)
        wanted = Status.OK if len(owners) == 1 else Status.CONFLICTING
        assert {status[owner] for owner in owners} == {wanted}

    # It starts exactly if every plugin that holds policies is in force, or disabled by the configuration.
    lost = {name for name in plugins if kind[name] == "broken policy" and name not in disabled}
    if not by_config:
        lost |= {name for name in disabled if "policy" in kind[name]}
    assert set(found.policies_withheld) == lost
    if lost:
        with pytest.raises(PluginError):
            check_start(found, options)
    else:
        check_start(found, options)
