"""The keys of the section, and what each of them does to a context."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from osprey.config import structure_settings
from osprey.errors import ConfigError
from osprey_epics.environment import applied, context_variables, hosts_of
from osprey_epics.settings import EpicsSettings, GatewaySettings, GatewaysSettings


def variables(**settings: object) -> dict[str, str]:
    section = EpicsSettings(**settings)
    return context_variables(section.reading, section.max_array_bytes)


def test_without_settings_the_environment_decides() -> None:
    assert variables() == {}


def test_an_address_replaces_every_other_way_to_search() -> None:
    expected = {
        "EPICS_CA_ADDR_LIST": "gw1 gw2:5070",
        "EPICS_CA_NAME_SERVERS": "",
        "EPICS_CA_AUTO_ADDR_LIST": "NO",
    }
    assert variables(address="gw1 gw2:5070") == expected
    assert variables(address=["gw1", "gw2:5070"]) == expected


def test_auto_addr_list_is_off_with_an_address_unless_it_is_asked_for() -> None:
    assert variables(address="gw", auto_addr_list=True)["EPICS_CA_AUTO_ADDR_LIST"] == "YES"
    assert variables(auto_addr_list=False) == {"EPICS_CA_AUTO_ADDR_LIST": "NO"}


def test_the_port_and_the_largest_array_are_passed_on() -> None:
    assert variables(port=5070) == {"EPICS_CA_SERVER_PORT": "5070"}
    assert variables(max_array_bytes=20000) == {
        "EPICS_CA_MAX_ARRAY_BYTES": "20000",
        "EPICS_CA_AUTO_ARRAY_BYTES": "NO",
    }


def test_name_servers_are_asked_over_tcp() -> None:
    assert variables(name_servers="ns1")["EPICS_CA_NAME_SERVERS"] == "ns1"
    both = variables(address="gw", use_name_server=True)
    assert (both["EPICS_CA_ADDR_LIST"], both["EPICS_CA_NAME_SERVERS"]) == ("", "gw")
    assert hosts_of(GatewaySettings(address="gw:5070", name_servers=["ns"])) == ["gw", "ns"]


@pytest.mark.parametrize("spelling", ["write", "write_access", "read_write"])
def test_writes_can_go_another_way_than_reads(spelling: str) -> None:
    section = EpicsSettings(address="a", gateways=GatewaysSettings(**{spelling: GatewaySettings(address="b")}))
    assert section.reading.address == ("a",)
    assert section.writing.address == ("b",)


@pytest.mark.parametrize("spelling", ["read", "read_only"])
def test_reads_can_go_another_way_than_writes(spelling: str) -> None:
    section = EpicsSettings(address="a", gateways=GatewaysSettings(**{spelling: GatewaySettings(port=5077)}))
    assert (section.reading.address, section.reading.port) == (("a",), 5077)
    assert section.writing.port is None


def test_two_spellings_of_one_gateway_are_an_error() -> None:
    with pytest.raises(ValueError, match="keep only write"):
        GatewaysSettings(write=GatewaySettings(), read_write=GatewaySettings())


@pytest.mark.parametrize(
    "section",
    [
        {"address": ["a b"]},
        {"address": [5]},
        {"port": 0},
        {"port": 5000},
        {"port": 70000},
        {"max_array_bytes": 100},
        {"adress": "gw"},
        {"gateways": {"reed": {}}},
        {"gateways": {"read": {"auto_addr_list": "maybe"}}},
    ],
)
def test_a_section_that_cannot_be_meant_is_a_configuration_error(section: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        structure_settings(EpicsSettings, section, "control_system.targets.x.settings")


def test_a_whole_section_is_structured() -> None:
    section = {
        "address": ["gw:5064"],
        "gateways": {"read": {"address": "ro", "port": 5070}, "write": {"address": "rw", "auto_addr_list": True}},
        "max_array_bytes": 20000,
        "text_channels": ["*:TEXT"],
    }
    settings = structure_settings(EpicsSettings, section, "control_system.targets.x.settings")
    assert settings.reading == GatewaySettings(address="ro", port=5070)
    assert settings.writing == GatewaySettings(address="rw", auto_addr_list=True)
    assert settings.text_channels == ("*:TEXT",)


def test_the_environment_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EPICS_CA_ADDR_LIST", "mine")
    monkeypatch.delenv("EPICS_CA_SERVER_PORT", raising=False)
    with applied({"EPICS_CA_ADDR_LIST": "theirs", "EPICS_CA_SERVER_PORT": "1"}):
        assert os.environ["EPICS_CA_ADDR_LIST"] == "theirs"
        assert os.environ["EPICS_CA_SERVER_PORT"] == "1"
    assert os.environ["EPICS_CA_ADDR_LIST"] == "mine"
    assert "EPICS_CA_SERVER_PORT" not in os.environ


def test_the_declaration_imports_neither_a_control_system_library_nor_numpy() -> None:
    code = (
        "import sys, osprey_epics.plugin as p; [r.name for r in p.osprey_connectors()];"
        "import osprey_epics.settings;"
        "print(sorted({'epics', 'numpy', 'anyio', 'osprey.control'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
