"""A probe finds what ends a process, and what never returns."""

from __future__ import annotations

import json
from typing import Any

import pytest

from osprey.plugins import Status
from osprey.plugins.probe import probe_plugin
from osprey.plugins.scan import scan


def _probe(toys: Any, name: str, timeout_s: float = 30.0) -> Any:
    import sys

    [candidate] = [c for c in scan(sys.path).candidates if c.name == name]
    return probe_plugin(candidate, timeout_s=timeout_s)


def test_a_good_plugin_passes(toys: Any) -> None:
    toys.connector("good", requires=["osprey-core>=0.1"])
    (toys.site / "toy_impl.py").write_text("class Thing: ...", encoding="utf-8")
    probed = _probe(toys, "good")
    assert probed.status.status is Status.OK
    assert probed.status.requires == ("osprey-core>=0.1",)
    assert probed.unresolved == ()


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("import os; os._exit(7)", "its process ended with exit code 7 while importing toy_osprey_bad"),
        ("import os; os.abort()", "its process was killed by SIGABRT while importing toy_osprey_bad"),
    ],
)
def test_a_plugin_that_ends_the_process_is_found(toys: Any, source: str, told: str) -> None:
    toys.add("bad", source)
    probed = _probe(toys, "bad")
    assert probed.status.status is Status.BROKEN
    assert told in probed.status.reason
    assert "osprey plugins disable bad" in probed.status.reason


def test_an_implementation_that_ends_the_process_is_found(toys: Any) -> None:
    toys.connector("bad")
    (toys.site / "toy_impl.py").write_text(
        "import os, sys; print('last words', flush=True); os._exit(0)", encoding="utf-8"
    )
    probed = _probe(toys, "bad")
    assert "ended with exit code 0 while loading 'toy_impl:Thing' of connector 'bad'" in probed.status.reason
    assert "last words" in probed.status.trace


def test_a_plugin_that_never_returns_is_ended_with_its_children(toys: Any) -> None:
    toys.add("bad", "import threading; threading.Event().wait()")
    assert "did not end within 2 s" in _probe(toys, "bad", timeout_s=2).status.reason


def test_every_reference_that_fails_is_told(toys: Any) -> None:
    toys.add(
        "bad",
        """
        @hookimpl
        def osprey_connectors():
            yield Connector(name="one", summary="", implementation="toy_absent:A", settings="toy_absent:B")
        """,
    )
    probed = _probe(toys, "bad")
    assert probed.status.status is Status.OK
    assert [("toy_absent:A" in u, "toy_absent:B" in u) for u in probed.unresolved] == [
        (True, False),
        (False, True),
    ]


def test_the_doctor_finds_an_exit_at_import_and_survives(toys: Any) -> None:
    toys.add("bad", "import os; os._exit(0)")
    ended = toys.osprey("plugins", "doctor", "bad", "--probe", "--json")
    assert ended.returncode == 1, ended.stderr
    report = json.loads(ended.stdout)
    assert not report["healthy"]
    assert report["plugins"][0]["status"] == "broken"
    assert "exit code 0 while importing" in report["plugins"][0]["reason"]


def test_the_probe_finds_conflicts_too(toys: Any) -> None:
    toys.connector("alpha", connector="mango")
    toys.connector("beta", connector="mango")
    report = json.loads(toys.osprey("plugins", "doctor", "--probe", "--json").stdout)
    states = {row["name"]: row["status"] for row in report["plugins"]}
    assert (states["alpha"], states["beta"]) == ("conflicting", "conflicting")
