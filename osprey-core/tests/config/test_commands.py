"""`osprey config` and `osprey init`, run as a person runs them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen

from osprey.cli.root import run
from osprey.config import Posture, load_config


@frozen
class Done:
    code: int
    out: str
    err: str

    def json(self) -> Any:
        return json.loads(self.out)


Osprey = Callable[..., Done]


@pytest.fixture
def osprey(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Osprey:
    """Run the command line in an empty folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("OSPREY_PROJECT", "OSPREY_PLUGINS", "OSPREY_DISABLE_PLUGINS"):
        monkeypatch.delenv(name, raising=False)

    def call(*args: str) -> Done:
        code = run(args)
        captured = capsys.readouterr()
        return Done(code, captured.out, captured.err)

    return call


def test_what_init_writes_means_the_same_as_no_file_at_all(osprey: Osprey, tmp_path: Path) -> None:
    before = load_config(tmp_path, environ={})
    osprey("init")
    after = load_config(tmp_path, environ={})
    assert after.control_system == before.control_system
    assert (after.approval, after.execution, after.plugins) == (before.approval, before.execution, before.plugins)
    assert (after.facility, after.storage) == (before.facility, before.storage)


def test_init_never_overwrites(osprey: Osprey, tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("facility: {name: mine}\n")
    done = osprey("init")
    assert done.code == 2
    assert "exists already and was left as it is" in done.err
    assert (tmp_path / "config.yml").read_text() == "facility: {name: mine}\n"
    assert not (tmp_path / ".gitignore").exists()


def test_init_leaves_a_gitignore_alone_and_says_what_to_add(osprey: Osprey, tmp_path: Path) -> None:
    (tmp_path / ".gitignore").write_text("*.pyc\n")
    assert "left to do: add the line .osprey/" in osprey("init").out
    assert (tmp_path / ".gitignore").read_text() == "*.pyc\n"


@pytest.mark.parametrize(
    ("ioc", "address", "port"),
    [("127.0.0.1:5999", "127.0.0.1", 5999), ("ioc.lab", "ioc.lab", 5064), ("[::1]:5077", "::1", 5077)],
)
def test_init_with_an_ioc_adds_a_target_for_it(
    osprey: Osprey, tmp_path: Path, ioc: str, address: str, port: int
) -> None:
    (tmp_path / "list.yml").write_text("[]\n")
    done = osprey("init", "project", "--ioc", ioc)
    assert done.code == 0, done.err
    systems = load_config(tmp_path / "project", environ={}).control_system
    assert (systems.default_target, list(systems.targets)) == ("ring", ["ring", "epics"])
    target = systems.targets["epics"]
    assert (target.connector, target.posture, target.writes_enabled) == ("epics", Posture.APPROVAL, False)
    assert target.limits.unlisted == "native_only"
    assert (target.archiver, target.channels) == (None, None)
    assert target.settings == {"address": address, "port": port}
    assert '--target epics "what is MY:CHANNEL"' in done.out
    assert "Write `epics` here" in (tmp_path / "project" / "config.yml").read_text()


@pytest.mark.parametrize("ioc", ["", ":5064", "host:", "host:0", "host:70000", "host:x", "::1", "a b:1", "host:٣"])
def test_what_is_no_address_is_refused_and_nothing_is_written(osprey: Osprey, tmp_path: Path, ioc: str) -> None:
    done = osprey("init", "--ioc", ioc)
    assert done.code == 2
    assert "write HOST:PORT" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_channel_access_would_replace_by_its_own_is_refused(osprey: Osprey, tmp_path: Path) -> None:
    done = osprey("init", "--ioc", "host:5000")
    assert done.code == 2
    assert "from 5001 on" in done.err
    assert list(tmp_path.iterdir()) == []


def test_a_list_of_channels_is_named_in_the_file(osprey: Osprey, tmp_path: Path) -> None:
    from osprey.control import ChannelRecord
    from osprey.control.channels.channel_file import dump_channels

    channels = tmp_path / "the ${X} 😀.yml"
    channels.write_text(dump_channels([ChannelRecord(name="A:B", description="a corrector")]), encoding="utf-8")
    done = osprey("init", "--ioc", "h:5064", "--channels", str(channels))
    assert done.code == 0, done.err
    assert '--target epics "what is the beam current"' in done.out
    target = load_config(tmp_path, environ={}).control_system.targets["epics"]
    assert target.channels == channels


def test_channels_without_an_ioc_are_refused(osprey: Osprey, tmp_path: Path) -> None:
    (tmp_path / "c.yml").write_text("[]\n")
    done = osprey("init", "--channels", "c.yml")
    assert done.code != 0
    assert not (tmp_path / "config.yml").exists()


def test_show_gives_every_value_and_its_origin(osprey: Osprey, tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("facility: {name: ring}\nexecution: {memory_limit_mb: '${MB:-7}'}\n")
    done = osprey("config", "show", "--origin")
    assert done.code == 0
    lines = {line.split()[0]: line.split()[1:] for line in done.out.splitlines()}
    assert lines["facility.name"] == ["ring", "config.yml:1"]
    assert lines["execution.memory_limit_mb"] == ["7", "config.yml:2"]
    assert lines["execution.code_generator"] == ["auto", "default"]


def test_show_prints_json(osprey: Osprey, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("THE_TOKEN", "canary")
    (tmp_path / "config.yml").write_text("applications: {m: {access: '${THE_TOKEN}'}}\n")
    plain = osprey("config", "show", "--json").json()
    assert plain["control_system"]["default_target"] == "ring"
    assert plain["applications"] == {"m": {"access": "********"}}
    rows = {row["key"]: row for row in osprey("config", "show", "--origin", "--json").json()}
    assert rows["applications.m.access"] == {
        "key": "applications.m.access",
        "value": "********",
        "origin": {
            "kind": "environment",
            "file": str(tmp_path / "config.yml"),
            "line": 1,
            "variables": ["THE_TOKEN"],
        },
    }
    assert rows["facility.name"]["origin"]["kind"] == "default"


def test_the_project_option_names_the_folder(osprey: Osprey, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.yml").write_text("facility: {name: other}\n")
    plain = osprey("--project", str(tmp_path / "other"), "config", "show", "--json").json()
    assert plain["facility"]["name"] == "other"


def test_check_tells_all_problems_and_ends_with_code_2(osprey: Osprey, tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("facilty: 1\nstorage: 2\n")
    done = osprey("config", "check")
    assert done.code == 2
    assert "cannot be used: 2 problems" in done.out
    assert "line 1, column 1: facilty: unknown key" in done.err
    assert "line 2, column 10: storage: expected a section" in done.err
    report = osprey("config", "check", "--json").json()
    assert report["usable"] is False
    assert [(p["path"], p["line"], p["column"]) for p in report["problems"]] == [("facilty", 1, 1), ("storage", 2, 10)]


def test_a_section_is_checked_by_the_settings_class_of_its_plugin(osprey: Osprey, tmp_path: Path) -> None:
    (tmp_path / "plugin.py").write_text(
        "from attrs import frozen\n"
        "from osprey.api import Connector, hookimpl\n"
        "@frozen\n"
        "class Settings:\n"
        "    port: int = 1\n"
        "class Link: ...\n"
        "@hookimpl\n"
        "def osprey_connectors():\n"
        "    own = f'{__name__}:'\n"
        "    yield Connector(name='link', summary='s', implementation=own + 'Link', settings=own + 'Settings')\n"
    )
    (tmp_path / "config.yml").write_text("control_system:\n  connector:\n    link:\n      prot: 2\n")
    done = osprey("--plugin", "plugin.py", "config", "check")
    assert done.code == 2
    assert "line 4, column 7: control_system.connector.link.prot: unknown key 'prot'; did you mean 'port'?" in done.err


def test_a_target_without_its_connector_is_a_problem(osprey: Osprey, tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("control_system: {targets: {a: {connector: doocs, channels: none.yml}}}\n")
    done = osprey("config", "check")
    assert done.code == 2
    assert (
        "control_system.targets.a.connector: connector 'doocs' is not installed: pip install osprey-doocs" in done.err
    )
    assert "control_system.targets.a.channels: there is no file" in done.err


def test_a_file_with_the_other_ending_is_named(osprey: Osprey, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("facility: {name: x}\n")
    assert "config.yaml is not read: rename it to config.yml" in osprey("config", "check").out
