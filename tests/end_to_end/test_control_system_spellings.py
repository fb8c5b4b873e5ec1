"""The predecessor's YAML for each control system means one target that opens with the settings it states."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from osprey.config import Posture, structure_settings
from osprey.connectors.factory import ConnectorFactory
from osprey.project import open_project

EPICS = """
control_system:
  type: epics
  writes_enabled: false
  connector:
    epics:
      timeout: 5.0
      gateways:
        read_only: {address: gateway.example.org, port: 5064, use_name_server: false}
        write_access: {address: gateway.example.org, port: 5084, use_name_server: true}
"""
MOCK = """
control_system:
  type: mock
  writes_enabled: true
  connector:
    mock: {response_delay_ms: 10, noise_level: 0.02, enable_writes: true}
"""
TANGO = "control_system: {type: tango, connector: {tango: {host: 'tangodb:10000'}}}"
LABVIEW = "control_system: {type: labview, connector: {labview: {url: 'opc.tcp://plc:4840'}}}"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


def settings_of(folder: Path, text: str, name: str) -> tuple[Any, Any]:
    (folder / "config.yml").write_text(text, encoding="utf-8")
    project = open_project(folder)
    systems = project.config.control_system
    assert (systems.default_target, list(systems.targets)) == (name, [name])
    target = systems.targets[name]
    settings_class = project.registry.settings_class("connectors", target.connector)
    return target, structure_settings(settings_class, target.settings, f"control_system.connector.{name}")


def test_separate_gateways_for_reading_and_writing(tmp_path: Path) -> None:
    target, settings = settings_of(tmp_path, EPICS, "epics")
    assert (target.posture, target.writes_enabled) == (Posture.READ_ONLY, False)
    assert (settings.reading.address, settings.reading.port) == (("gateway.example.org",), 5064)
    assert (settings.writing.port, settings.writing.use_name_server) == (5084, True)


@pytest.mark.parametrize("spelling", ["write_access", "read_write", "write"])
def test_every_spelling_of_the_write_gateway_is_read(tmp_path: Path, spelling: str) -> None:
    _, settings = settings_of(tmp_path, EPICS.replace("write_access", spelling), "epics")
    assert settings.writing.port == 5084
    assert settings.reading.port == 5064


def test_a_key_without_power_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text(EPICS, encoding="utf-8")
    unserved = [key.path for key in open_project(tmp_path).config.unserved]
    assert unserved == ["control_system.connector.epics.timeout"]


def test_the_mock_with_its_older_keys(tmp_path: Path) -> None:
    target, settings = settings_of(tmp_path, MOCK, "mock")
    assert target.posture is Posture.APPROVAL, "writes_enabled gives a target of `type` writes that are approved"
    assert (settings.delay_s, settings.noise, settings.enable_writes) == (0.01, 0.02, True)


def test_tango_and_labview(tmp_path: Path) -> None:
    _, tango = settings_of(tmp_path, TANGO, "tango")
    assert tango.host == "tangodb:10000"
    _, labview = settings_of(tmp_path, LABVIEW, "labview")
    assert labview.url == "opc.tcp://plc:4840"


@pytest.mark.anyio
async def test_without_a_configuration_the_seeds_calls_reach_the_simulated_ring_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("OSPREY_PROJECT", str(tmp_path))
    connector: Any = await ConnectorFactory.create_control_system_connector()
    try:
        assert connector.target_name == "ring"
        current = await connector.read_channel("SR:S01:DCCT01:CURRENT:RB")
        assert (current.metadata.units, 400 < current.value < 600) == ("mA", True)
    finally:
        await connector.disconnect()
    archiver = await ConnectorFactory.create_archiver_connector()
    try:
        end = datetime.now(UTC) - timedelta(minutes=1)
        names = ["SR:S01:DCCT01:CURRENT:RB", "NO:SUCH"]
        frame = await archiver.get_data(names, end - timedelta(minutes=5), end, precision_ms=10_000)
        assert list(frame.columns) == names
        assert 1 < frame[names[0]].count() <= 30
        assert frame[names[1]].isna().all()
        assert await archiver.check_availability(names) == {names[0]: True, names[1]: False}
        assert (await archiver.get_metadata(names[0])).is_archived
    finally:
        await archiver.disconnect()
