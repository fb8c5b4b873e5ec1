"""Whatever a plugin does, the others work, and the list says what is wrong and how to mend it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from textwrap import dedent
from typing import Any

import pytest

from osprey.errors import PluginError
from osprey.plugins import Phase, PluginStatus, Registry, Status

StatusOf = Callable[..., PluginStatus]


@pytest.fixture(autouse=True)
def _a_good_neighbour(toys: Any) -> None:
    toys.connector("good")


def _assert_the_others_work(toys: Any) -> None:
    found = toys.survey()
    by_name = {status.name: status for status in found.plugins}
    assert by_name["good"].status is Status.OK
    assert by_name["core"].status is Status.OK
    assert "good" in Registry(found).names("connectors")


@pytest.mark.parametrize(
    ("source", "phase", "told"),
    [
        ("raise RuntimeError('no licence')", Phase.IMPORT, "RuntimeError: no licence"),
        ("import sys; sys.exit(3)", Phase.IMPORT, "sys.exit"),
        ("def broken(:", Phase.IMPORT, "SyntaxError"),
        ("import toy_absent_library", Phase.IMPORT, "No module named 'toy_absent_library'"),
        (
            "@hookimpl\ndef osprey_conectors(): return []",
            Phase.VALIDATE,
            "there is no hook osprey_conectors: did you mean osprey_connectors?",
        ),
        ("@hookimpl\ndef osprey_connectors(registry): return []", Phase.VALIDATE, "registry"),
        ("def osprey_connectors(): return []", Phase.VALIDATE, "put @hookimpl above it"),
        (
            "@hookimpl(wrapper=True)\ndef osprey_connectors(): return (yield)",
            Phase.VALIDATE,
            "no plugin may change what another declares",
        ),
        ("@hookimpl\ndef osprey_connectors(): 1 / 0", Phase.DECLARE, "ZeroDivisionError"),
        ("@hookimpl\ndef osprey_connectors(): raise SystemExit", Phase.DECLARE, "SystemExit"),
        (
            "@hookimpl\ndef osprey_connectors(): pass",
            Phase.DECLARE,
            "returned nothing (None): yield Connector",
        ),
        ("@hookimpl\ndef osprey_connectors(): yield 'mango'", Phase.DECLARE, "yielded a str"),
        ("@hookimpl\ndef osprey_connectors(): return 'mango'", Phase.DECLARE, "returned a str"),
        (
            "@hookimpl\ndef osprey_connectors(): yield Archiver(name='x', summary='', implementation='a:B')",
            Phase.DECLARE,
            "yielded a Archiver: it must yield Connector",
        ),
        (
            "@hookimpl\ndef osprey_connectors(): return [Connector(name='x', summary='', implementation='a:B')] * 2",
            Phase.DECLARE,
            "the name 'x' twice",
        ),
        (
            "@hookimpl\ndef osprey_connectors(): yield Connector(name='A B', summary='', implementation='a:B')",
            Phase.DECLARE,
            "use lower-case words",
        ),
        (
            "@hookimpl\ndef osprey_connectors(): yield Connector(name='x', summary='', implementation='a.B')",
            Phase.DECLARE,
            "write it as 'module:Name'",
        ),
    ],
)
def test_a_faulty_plugin_is_broken_and_alone(
    toys: Any, status_of: StatusOf, source: str, phase: Phase, told: str
) -> None:
    toys.add("bad", source)
    status = status_of("bad")
    assert (status.status, status.phase) == (Status.BROKEN, phase)
    assert told in status.reason
    assert "osprey plugins disable bad" in status.reason
    assert status.trace
    _assert_the_others_work(toys)


@pytest.mark.parametrize(
    "source",
    [
        "def __getattr__(name): raise SystemExit(name)",
        "def __getattr__(name): return __getattr__(name)",
        "def __dir__(): raise RuntimeError('no')",
        """
        class Evil:
            def __getattr__(self, name): raise SystemExit(name)
            @property
            def __class__(self): raise RuntimeError("class")
            __dict__ = property(lambda self: 1 / 0)
        everything = Evil()
        """,
        """
        import sys
        class Evil:
            def __getattribute__(self, name): raise SystemExit(name)
        sys.modules[__name__] = Evil()
        """,
        """
        class Unspeakable(Exception):
            def __str__(self): raise SystemError("cannot be told")
        raise Unspeakable
        """,
        """
        from unittest.mock import MagicMock
        osprey_connectors = MagicMock()
        """,
    ],
)
def test_no_hostile_attribute_breaks_the_kernel(toys: Any, status_of: StatusOf, source: str) -> None:
    toys.add("hostile", dedent(source))
    assert status_of("hostile").status in {Status.OK, Status.BROKEN}
    _assert_the_others_work(toys)


def test_what_a_plugin_prints_while_it_loads_does_not_reach_stdout(
    toys: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    toys.add("chatty", "print('hello from the import')")
    toys.survey()
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "hello from the import" in captured.err


def test_a_too_new_requirement_on_the_core_is_incompatible_and_not_imported(toys: Any, status_of: StatusOf) -> None:
    toys.add("modern", "raise AssertionError", requires=["osprey-core>=99,<100"])
    status = status_of("modern")
    assert status.status is Status.INCOMPATIBLE
    assert "needs osprey-core<100,>=99, have 0.1.0" in status.reason
    assert "toy_osprey_modern" not in sys.modules
    _assert_the_others_work(toys)


def test_a_missing_dependency_is_named_with_the_command_that_installs_it(toys: Any, status_of: StatusOf) -> None:
    toys.add("needy", "raise AssertionError", requires=["no-such-dist>=2; python_version>'3'", "x; extra=='y'"])
    status = status_of("needy")
    assert (status.status, status.phase) == (Status.MISSING, Phase.COMPATIBLE)
    assert status.reason == "needs no-such-dist>=2, which is not installed: pip install 'no-such-dist>=2'"
    assert status.requires == ("no-such-dist>=2; python_version>'3'", "x; extra=='y'")


def test_a_requirement_nobody_can_read_is_told(toys: Any, status_of: StatusOf) -> None:
    toys.add("garbled", requires=["osprey-core ~= = 1"])
    assert "cannot be read" in status_of("garbled").reason


def test_a_plugin_that_requires_a_disabled_plugin_is_missing_it(toys: Any, status_of: StatusOf) -> None:
    toys.connector("abc", requires=["osprey-good"])
    status = status_of("abc", disable=("good",))
    assert status.status is Status.MISSING
    assert "needs osprey-good, which is disabled" in status.reason


def test_a_plugin_that_requires_a_broken_plugin_is_not_imported(toys: Any, status_of: StatusOf) -> None:
    toys.add("zzz", "raise RuntimeError")
    toys.connector("abc", requires=["osprey-zzz"])
    assert status_of("abc").status is Status.MISSING
    assert "toy_osprey_abc" not in sys.modules


def test_plugins_that_require_each_other_both_load(toys: Any, status_of: StatusOf) -> None:
    toys.connector("one", requires=["osprey-two"])
    toys.connector("two", requires=["osprey-one"])
    assert {status_of("one").status, status_of("two").status} == {Status.OK}


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ("bad = toy_bad:plugin", "must name a module"),
        ("bad = toy_bad [extra]", "must name a module"),
        ("bad = toy_bad\nworse = toy_bad", "declares 2 entry points"),
    ],
)
def test_an_entry_point_is_one_module(toys: Any, status_of: StatusOf, entry: str, told: str) -> None:
    toys.add("bad", "raise AssertionError", entry=entry)
    status = status_of("bad")
    assert (status.status, status.phase) == (Status.BROKEN, Phase.METADATA)
    assert told in status.reason


def test_metadata_that_is_gone_is_told(toys: Any, status_of: StatusOf) -> None:
    toys.add("bare")
    (toys.site / "osprey_bare-1.0.dist-info" / "METADATA").unlink()
    assert "metadata cannot be read" in status_of("bare").reason


def test_two_distributions_with_one_entry_get_neither_and_are_both_named(toys: Any) -> None:
    toys.connector("alpha", connector="mango")
    toys.connector("beta", connector="mango")
    found = toys.survey()
    by_name = {status.name: status for status in found.plugins}
    for name in ("alpha", "beta"):
        assert by_name[name].status is Status.CONFLICTING
        assert "alpha (osprey-alpha 1.0) and by beta (osprey-beta 1.0)" in by_name[name].reason
        assert "osprey plugins disable alpha or beta" in by_name[name].reason
    with pytest.raises(PluginError, match="is declared by alpha"):
        Registry(found).entry("connectors", "mango")
    _assert_the_others_work(toys)


def test_a_conflict_ends_when_one_is_disabled(toys: Any) -> None:
    toys.connector("alpha", connector="mango")
    toys.connector("beta", connector="mango")
    registry = Registry(toys.survey(disable=("osprey-beta",)))
    assert registry.entry("connectors", "mango").plugin == "alpha"


def test_a_conflicting_plugin_keeps_the_names_that_are_its_own(toys: Any) -> None:
    toys.connector("alpha", connector="mango")
    toys.add(
        "beta",
        """
        @hookimpl
        def osprey_connectors():
            for name in ("mango", "own"):
                yield Connector(name=name, summary="", implementation="a:B")
        """,
    )
    assert "own" in Registry(toys.survey()).names("connectors")


def test_two_distributions_with_one_plugin_name_are_not_imported(toys: Any) -> None:
    toys.add("twin", "raise AssertionError", distribution="first")
    toys.add("twin", "raise AssertionError", distribution="second")
    twins = [status for status in toys.survey().plugins if status.name == "twin"]
    assert [status.status for status in twins] == [Status.CONFLICTING] * 2
    assert "osprey plugins disable first or second" in twins[0].reason


def test_no_plugin_takes_the_name_of_the_core(toys: Any) -> None:
    toys.add("core", "raise AssertionError", distribution="usurper")
    statuses = {s.distribution: s.status for s in toys.survey().plugins}
    assert statuses["osprey-core"] is Status.OK
    assert statuses["usurper"] is Status.CONFLICTING


def test_a_half_removed_distribution_is_not_a_plugin(toys: Any) -> None:
    toys.connector("old")
    (toys.site / "osprey_old-1.0.dist-info").rename(toys.site / "~sprey_old-1.0.dist-info")
    assert "old" not in {status.name for status in toys.survey().plugins}
