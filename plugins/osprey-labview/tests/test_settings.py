"""The keys of the section: what cannot be meant is an error, and none is taken and ignored."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import attrs
import pytest

from osprey.api import ConfigError, structure_settings
from osprey_labview.settings import (
    LabviewSettings,
    OpcUaSettings,
    SecurityMode,
    SecurityPolicy,
    SecuritySettings,
    Transport,
    UserSettings,
    WebSettings,
)

OPCUA = {"url": "opc.tcp://plc3:4840"}
HTTP = {"url": "https://plc3/osprey", "transport": "http"}
FILES = {"certificate": "c.der", "private_key": "k.pem", "server_certificate": "s.der"}


def structured(section: dict[str, Any]) -> LabviewSettings:
    return structure_settings(LabviewSettings, section, "control_system.targets.x.settings")


def test_a_url_is_enough() -> None:
    assert structured(OPCUA).transport is Transport.OPCUA
    assert structured(HTTP).transport is Transport.HTTP


def test_a_whole_section_is_structured() -> None:
    settings = structured(
        {
            **OPCUA,
            "user": {"name": "operator", "password_file": "/run/secrets/opcua"},
            "connect_timeout_s": 2,
            "opcua": {"security": {"policy": "Basic256Sha256", "mode": "Sign", **FILES}, "max_nodes_per_request": 100},
        }
    )
    assert settings.opcua is not None
    assert settings.opcua.security.policy is SecurityPolicy.BASIC256SHA256
    assert settings.opcua.security.mode is SecurityMode.SIGN
    assert settings.user is not None
    assert settings.user.password_file == Path("/run/secrets/opcua")


@pytest.mark.parametrize(
    "section",
    [
        {},
        {"url": ""},
        {"url": "plc3:4840"},
        {"url": "http://plc3/"},
        {"url": "opc.tcp://"},
        {"url": "opc.tcp://plc3:notaport"},
        {"url": "opc.tcp://plc3:99999"},
        {"url": "opc.tcp://plc3:4840?x=1"},
        {"url": "opc.tcp://user:hush@plc3:4840"},
        {"url": "opc.tcp://plc3", "transport": "http"},
        {**OPCUA, "transport": "grpc"},
        {**OPCUA, "http": {}},
        {**HTTP, "opcua": {}},
        {**OPCUA, "urls": []},
        {**OPCUA, "connect_timeout_s": 0},
        {**OPCUA, "opcua": {"max_nodes_per_request": 0}},
        {**OPCUA, "opcua": {"max_nodes_per_request": 2.5}},
        {**OPCUA, "opcua": {"watchdog_s": -1}},
        {**OPCUA, "opcua": {"security": {"policy": "Basic128Rsa15", **FILES}}},
        {**OPCUA, "opcua": {"security": {"policy": "Basic256Sha256"}}},
        {**OPCUA, "opcua": {"security": {**FILES}}},
        {**OPCUA, "user": {}},
        {**OPCUA, "user": {"password": "hush"}},
        {**OPCUA, "user": {"name": "a", "password": "hush", "password_file": "f"}},
        {**OPCUA, "user": {"name": "a", "certificate": "c", "private_key": "k"}},
        {**OPCUA, "user": {"certificate": "c"}},
        {**OPCUA, "user": {"name": "a", "private_key_password": "hush"}},
        {**HTTP, "user": {"name": "a"}},
        {**HTTP, "user": {"certificate": "c", "private_key": "k"}},
        {**HTTP, "user": {"name": "a", "password": "hush"}, "http": {"token": "hush"}},
        {**HTTP, "http": {"token": "hush", "token_file": "f"}},
        {**HTTP, "http": {"verify_tls": "false"}},
        {**HTTP, "http": {"verify_tls": False, "ca_file": "f"}},
    ],
)
def test_a_section_that_cannot_be_meant_is_a_configuration_error(section: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        structured(section)
    assert "hush" not in str(caught.value)


def test_no_secret_is_shown() -> None:
    sections = [
        {**OPCUA, "user": {"name": "a", "password": "hush"}},
        {**OPCUA, "user": {"certificate": "c", "private_key": "k", "private_key_password": "hush"}},
        {**OPCUA, "opcua": {"security": {"policy": "Basic256Sha256", "private_key_password": "hush", **FILES}}},
        {**HTTP, "http": {"token": "hush"}},
    ]
    assert [section for section in sections if "hush" in repr(structured(section))] == []


@pytest.mark.parametrize("transport", ["opcua", "http"])
def test_only_the_library_of_the_transport_is_imported(transport: str) -> None:
    section = OPCUA if transport == "opcua" else HTTP
    code = f"""
import sys
from pathlib import Path
import osprey_labview.plugin as plugin
[r.name for r in plugin.osprey_connectors()]
import osprey_labview.settings
light = {{'asyncua', 'httpx', 'numpy', 'anyio', 'osprey.control'}} & set(sys.modules)
from osprey.api import ConnectContext
from osprey_labview.connector import LabviewConnector
import anyio
async def main():
    settings = {section!r} | {{'transport': osprey_labview.settings.Transport('{transport}')}}
    context = ConnectContext(target='x', settings=settings, state_dir=Path())
    await (await LabviewConnector.connect(context)).aclose()
anyio.run(main)
print(sorted(light), sorted({{'asyncua', 'httpx'}} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    expected = ["asyncua"] if transport == "opcua" else ["httpx"]
    assert done.stdout.strip() == f"[] {expected}"
    assert done.stderr == ""


def test_every_key_stands_in_the_readme() -> None:
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    sections = {
        "": LabviewSettings,
        "user.": UserSettings,
        "opcua.": OpcUaSettings,
        "opcua.security.": SecuritySettings,
        "http.": WebSettings,
    }
    keys = {prefix + one.name for prefix, section in sections.items() for one in attrs.fields(section)}
    keys -= {"user", "opcua", "http", "opcua.security"}
    assert {key for key in keys if f"`{key}`" not in readme} == set()
