"""The keys of the section: what is refused, and what each means. Their effects are in the other tests.

`host`, `threads`, `timeouts_s` and `breaker`: test_lifetime; `commands`: test_reading and test_writing;
`polling_period_s`: test_subscribing; `search_timeout_s`: here.
"""

from __future__ import annotations

import subprocess
import sys

import pytest
from opening import Opener
from tango_peer import TangoPeer

from osprey.api import ConfigError, structure_settings
from osprey_tango.names import ChannelName, parse_name
from osprey_tango.plugin import osprey_connectors
from osprey_tango.settings import TangoSettings
from osprey_tango.system import TangoSystem, same_place


def structured(**section: object) -> TangoSettings:
    return structure_settings(TangoSettings, section, "control_system.targets.x.settings")


def test_a_whole_section_is_structured() -> None:
    settings = structured(
        host="db1:10000,db2:10000",
        threads=4,
        timeouts_s=[3, 1, 3],
        breaker={"failures": 5, "open_s": 2},
        commands={"reads": "A/B/C/Get*", "writes": ["a/b/c/Set"]},
        polling_period_s=0.5,
        search_timeout_s=3,
    )
    assert (settings.timeouts_s, settings.breaker.failures, settings.breaker.open_s) == ((1.0, 3.0), 5, 2.0)
    assert (settings.commands.reads, settings.commands.writes) == (("a/b/c/get*",), ("a/b/c/set",))


@pytest.mark.parametrize(
    "section",
    [
        {"host": "tangodb"},
        {"host": "tango://db:10000"},
        {"host": ""},
        {"threads": 0},
        {"threads": 65},
        {"timeouts_s": []},
        {"timeouts_s": 0},
        {"timeouts_s": [1, -1]},
        {"timeouts_s": [float("nan")]},
        {"breaker": {"failures": 0}},
        {"breaker": {"open_s": 0}},
        {"breaker": {"open_s": float("inf")}},
        {"commands": {"reads": ["Reset"]}},
        {"commands": {"reads": [5]}},
        {"commands": {"read": []}},
        {"polling_period_s": 0},
        {"search_timeout_s": -1},
        {"hosts": "db:1"},
        {"other_hosts": "db"},
        {"other_hosts": ["a:1,b:2"]},
    ],
)
def test_a_section_that_cannot_be_meant_is_a_configuration_error(section: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        structured(**section)


def test_a_command_that_is_declared_as_both_is_one_that_writes() -> None:
    system = TangoSystem(TangoSettings(host="db:1", commands=structured(
        commands={"reads": "*/get*", "writes": "a/b/c/getandreset"}
    ).commands))  # fmt: skip
    kinds = {part: system.command_kind(ChannelName("", "a/b/c", part)) for part in ("get", "getandreset", "set")}
    assert kinds == {"get": (True, True), "getandreset": (True, False), "set": (False, False)}


def test_without_a_host_the_environment_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TANGO_HOST", "envdb:10000")
    assert TangoSystem(TangoSettings()).database == "envdb:10000"
    assert TangoSystem(TangoSettings(host="mine:1")).database == "mine:1"


@pytest.mark.anyio
async def test_a_search_takes_no_longer_than_allowed(connect: Opener, peer: TangoPeer) -> None:
    assert await (await connect(search_timeout_s=1e-9)).search("", limit=10) == []
    assert len(await (await connect(search_timeout_s=20)).search("", limit=10)) == 10


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("A/B/C/D", ChannelName("", "a/b/c", "d")),
        ("alias/Attr", ChannelName("", "alias", "attr")),
        ("tango://DB:10000/A/B/C/D", ChannelName("db:10000", "a/b/c", "d")),
        ("tango://h:1/a/b/c/d#dbase=no", ChannelName("h:1", "a/b/c", "d", has_database=False)),
        ("tango://h:1/a/b/c/d#dbase=yes", ChannelName("h:1", "a/b/c", "d")),
        ("", None),
        ("a", None),
        ("a/b/c", None),
        ("a/b/c/d/e", None),
        ("a/b/c/d->unit", None),
        ("a/b/ c/d", None),
        ("a/b/c/d\n", None),
        ("a/b\x00/c/d", None),
        ("a//c/d", None),
        ("a/b/c/d#dbase=no", None),
        ("tango://h/a/b/c/d", None),
        ("epics://h:1/a/b/c/d", None),
    ],
)
def test_names_are_taken_apart_in_lower_case(text: str, expected: ChannelName | None) -> None:
    assert parse_name(text) == expected


def test_the_same_place_has_many_names() -> None:
    assert same_place("localhost:10000", ["127.0.0.1:10000"]) == "127.0.0.1:10000"
    assert same_place("127.0.0.1:10000", ["other.invalid:10000", "localhost:10000"]) == "localhost:10000"
    assert same_place("127.0.0.1:10001", ["127.0.0.1:10000"]) is None
    assert same_place("no-such-host.invalid:10000", ["127.0.0.1:10000"]) is None


def test_tango_takes_names_without_regard_to_letter_case() -> None:
    [registration] = osprey_connectors()
    assert (registration.name, registration.folds_case, registration.simulated) == ("tango", True, False)


def test_the_declaration_imports_neither_a_control_system_library_nor_numpy() -> None:
    code = (
        "import sys, osprey_tango.plugin as p; [r.name for r in p.osprey_connectors()];"
        "import osprey_tango.settings;"
        "print(sorted({'tango', 'numpy', 'anyio', 'osprey.control'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
