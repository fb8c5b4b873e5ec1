"""Writes a new project: a commented `config.yml` and a `.gitignore` for its state; never over a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from attrs import frozen

from osprey.config.discovery import CONFIG_NAME
from osprey.errors import UsageError

STATE_LINE: Final = ".osprey/"
EPICS_PORT: Final = 5064
EPICS_FIRST_PORT: Final = 5001
"""The port of Channel Access, where none is given."""
_LAST_PORT: Final = 65535

_HEAD: Final = """\
# The configuration of an Osprey project. Every line that begins with '#' is a comment;
# a value shown in one is the default. `osprey config check` says what is wrong with this file,
# `osprey config show --origin` what is in force, and from where.

facility:
  # What the facility is called.
  # name: ""
  # Relative times ("since 8 this morning") are read and shown in this zone.
  time_zone: UTC

control_system:
  # The target that is asked when a command names none; another one with `osprey ask --target NAME ...`.
{default}
  targets:
    # The simulated storage ring: nothing real can be reached through it.
    ring:
      connector: sim
      # read_only | approval | simulation
      posture: simulation
      writes_enabled: true
      limits:
        # Channels that no limits file lists: refuse, or native_only (only within the system's own limits).
        unlisted: native_only
      archiver: sim
"""

_EPICS: Final = """\

    # The IOC at {host}, port {port}.
    epics:
      connector: epics
      # Every write passes the guard, and only after a person has approved it.
      posture: approval
      # Nothing real is writable until you say so: true lets approved writes through.
      writes_enabled: false
      limits:
        # The file of limits, beside this one:
        # file: limits.yml
        unlisted: native_only
{channels}
      settings:
        address: {address}
        port: {port}
"""

_NO_CHANNELS: Final = """\
      # A file that lists the channels with descriptions makes them findable:
      # channels: channels.yml"""

_TAIL: Final = """\

approval:
  # How long a request may be decided and carried out, in seconds.
  expires_after_s: 3600

# execution:
#   memory_limit_mb: 1024

# plugins:
#   require: [osprey-epics>=0.1]
#   disable: []

# storage:
#   The folder of the database and the records; it must not be on a network file system.
#   path: .osprey
"""


@frozen
class Ioc:
    """Where an IOC answers."""

    host: str
    port: int

    @classmethod
    def parse(cls, text: str) -> Ioc:
        """Read ``HOST``, ``HOST:PORT`` or ``[IPV6]:PORT``.

        :raises UsageError: it is none of these.
        """
        host, colon, port = text.rpartition(":") if not text.endswith("]") else (text, "", "")
        if not colon:
            host, port = text, str(EPICS_PORT)
        bare = host.removeprefix("[").removesuffix("]")
        number = int(port) if port.isascii() and port.isdigit() and len(port) < 6 else 0
        ambiguous = ":" in bare and bare == host
        if not bare or bare.split() != [bare] or ambiguous or not 0 < number <= _LAST_PORT:
            msg = f"{text!r} is no address: write HOST:PORT, such as 127.0.0.1:{EPICS_PORT}"
            raise UsageError(msg)
        if number < EPICS_FIRST_PORT:
            msg = (
                f"port {number}: Channel Access takes a port from {EPICS_FIRST_PORT} on; its usual one is {EPICS_PORT}"
            )
            raise UsageError(msg)
        return cls(bare, number)


@frozen(kw_only=True)
class Scaffold:
    """What was written."""

    written: tuple[Path, ...]
    hints: tuple[str, ...] = ()
    """What is left to do by hand."""


def write_project(folder: Path, *, ioc: Ioc | None = None, channels: Path | None = None) -> Scaffold:
    """Make `folder` a project.

    :param ioc: an IOC that becomes the target `epics` beside the simulated ring.
    :param channels: a file that lists the channels of that IOC.
    :raises UsageError: the folder is a project already, or cannot be written to; nothing was changed.
    """
    if channels is not None and ioc is None:
        msg = "--channels lists the channels of an IOC: name it with --ioc HOST:PORT as well"
        raise UsageError(msg)
    text = config_text(ioc, None if channels is None else _beside(folder, channels))
    file = folder / CONFIG_NAME
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as exc:
        there = file if file.exists() else folder
        msg = f"{there} exists already and was left as it is: edit it, or choose another folder"
        raise UsageError(msg) from exc
    except OSError as exc:
        msg = f"{file} cannot be written: {exc.strerror}; choose another folder"
        raise UsageError(msg) from exc
    return _with_gitignore(folder, file)


def config_text(ioc: Ioc | None, channels: str | None) -> str:
    """Give the text of a new `config.yml`."""
    if ioc is None:
        return _HEAD.format(default="  default_target: ring") + _TAIL
    default = "  # Write `epics` here to work on the IOC without naming it.\n  default_target: ring"
    lists = _NO_CHANNELS if channels is None else f"      channels: {_quoted(channels)}"
    epics = _EPICS.format(host=ioc.host, port=ioc.port, address=_quoted(ioc.host), channels=lists)
    return _HEAD.format(default=default) + epics + _TAIL


def _quoted(text: str) -> str:
    """Write `text` as YAML, without the escapes of pairs that YAML reads in another way than JSON."""
    return json.dumps(text, ensure_ascii=False).replace("${", "$${")


def _beside(folder: Path, file: Path) -> str:
    if not file.is_file():
        msg = f"the channels file {str(file)!r} does not exist: name a file that does"
        raise UsageError(msg)
    absolute = file.resolve()
    root = folder.resolve()
    return str(absolute.relative_to(root) if absolute.is_relative_to(root) else absolute)


def _with_gitignore(folder: Path, config: Path) -> Scaffold:
    ignore = folder / ".gitignore"
    try:
        with ignore.open("x", encoding="utf-8") as stream:
            stream.write(f"# The database and the records of this project.\n{STATE_LINE}\n")
    except FileExistsError:
        lines = ignore.read_text(encoding="utf-8", errors="replace").splitlines()
        known = {STATE_LINE, STATE_LINE.rstrip("/"), f"/{STATE_LINE}"}
        hints = () if known & {line.strip() for line in lines} else (f"add the line {STATE_LINE} to {ignore}",)
        return Scaffold(written=(config,), hints=hints)
    except OSError as exc:
        return Scaffold(written=(config,), hints=(f"{ignore} cannot be written: {exc.strerror}",))
    return Scaffold(written=(config, ignore))
