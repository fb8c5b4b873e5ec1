"""The files of a soft IOC: the program, its channel list, and what Osprey's configuration needs to reach it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import attrs
from attrs import frozen

from osprey.api import ChannelRecord, UsageError
from osprey_epics.soft_ioc.plans import Plan
from osprey_epics.soft_ioc.settings import OverlaySettings, SimulationSettings

_PROGRAM: Final = Path(__file__).with_name("program.py")
_SETTINGS: Final = re.compile(r"# <settings>\n.*?# </settings>\n", re.DOTALL)
_FOR_LINTERS: Final = re.compile(r"^# ruff: .*\n", re.MULTILINE)
_FILE_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*")
_DEFAULTS: Final[Mapping[str, Any]] = {
    "role": "readback", "unit": "", "initial": 0.0, "low": None, "high": None, "labels": (), "length": 1,
    "dtype": "float", "readback": "", "description": "",
}  # fmt: skip


@frozen(kw_only=True)
class Files:
    """What is written, by path."""

    program: Path
    channels: Path
    config: Path
    texts: Mapping[Path, str]


def compose(
    settings: SimulationSettings, plans: Sequence[Plan], channels: Sequence[ChannelRecord], folder: Path, root: Path
) -> Files:
    """Put the files together.

    :param root: the project's folder, from which the files of overlays are named.
    :raises UsageError: the name is no file's, or an overlay's file is not there.
    """
    name = settings.ioc.name
    if not _FILE_NAME.fullmatch(name):
        msg = f"the name {name!r} cannot be a file's: use letters, figures, '.', '_' and '-'"
        raise UsageError(msg)
    program, listed, config = (folder / f"{name}{tail}" for tail in (".py", ".channels.json", ".config.yml"))
    overlays = [_overlay(overlay, folder, root) for overlay in settings.overlays]
    rows = [attrs.asdict(record, filter=lambda _, value: value not in (None, "", ())) for record in channels]
    texts = {
        program: _program(settings, plans, overlays),
        listed: json.dumps({"channels": rows}, indent=1, ensure_ascii=False) + "\n",
        config: _config(settings, listed),
    }
    return Files(program=program, channels=listed, config=config, texts=texts)


def write_files(files: Files, *, force: bool) -> None:
    """Write them; what is there already stays, unless forced.

    :raises UsageError: a file is there, or the folder cannot be written.
    """
    there = [path for path in files.texts if path.exists()]
    if there and not force:
        msg = f"{there[0]} is there already: give --force to write it anew, or another --name"
        raise UsageError(msg)
    try:
        files.program.parent.mkdir(parents=True, exist_ok=True)
        for path, text in files.texts.items():
            path.write_text(text, encoding="utf-8")
        files.program.chmod(0o755)
    except OSError as exc:
        msg = f"{exc.filename} cannot be written: {exc.strerror}"
        raise UsageError(msg) from exc


def _overlay(overlay: OverlaySettings, folder: Path, root: Path) -> dict[str, Any]:
    fields: dict[str, Any] = {"class_name": overlay.class_name, "params": dict(overlay.params)}
    if overlay.module_path:
        return {"module_path": overlay.module_path, **fields}
    path = (root / str(overlay.file_path)).resolve()
    if not path.is_file():
        msg = f"simulation.overlays: {overlay.class_name}: there is no file {path}"
        raise UsageError(msg)
    return {"file_path": os.path.relpath(path, folder.resolve()), **fields}


def _program(settings: SimulationSettings, plans: Iterable[Plan], overlays: list[dict[str, Any]]) -> str:
    lines = [
        f"NAME = {settings.ioc.name!r}",
        f"PORT = {settings.ioc.port}",
        f"BASE = {settings.base.type.value!r}",
        f"NOISE_LEVEL = {settings.base.noise_level!r}",
        f"UPDATE_RATE_HZ = {settings.base.update_rate!r}",
        f"OVERLAYS: list[dict[str, Any]] = {overlays!r}",
        "CHANNELS: list[Channel] = [",
        *(f"    {_channel(plan)}," for plan in plans),
        "]",
    ]
    text = "\n".join(lines) + "\n"
    program = _FOR_LINTERS.sub("", _PROGRAM.read_text(encoding="utf-8"), count=1)
    return _SETTINGS.sub(lambda _: text, program, count=1)


def _channel(plan: Plan) -> str:
    fields = attrs.asdict(plan)
    stated = [f"{key}={fields[key]!r}" for key, default in _DEFAULTS.items() if fields[key] != default]
    return f"Channel({', '.join([repr(plan.name), repr(plan.record), *stated])})"


def _config(settings: SimulationSettings, listed: Path) -> str:
    return f"""\
# A target for config.yml: the soft IOC {settings.ioc.name!r} on this host. It reaches no real machine.
control_system:
  targets:
    {settings.ioc.name}:
      connector: epics
      posture: approval
      # Everything that is written is still approved by a person.
      writes_enabled: true
      # Set points with drive limits can be written; list others in a limits file.
      limits: {{unlisted: native_only}}
      channels: {json.dumps(str(listed.resolve()))}
      settings:
        address: 127.0.0.1
        port: {settings.ioc.port or 5064}
"""
