"""Imports in a run: stand-ins for what speaks to the machine, sentences for what cannot work.

Convenience and nothing more. A program that removes these hooks reaches the real libraries, and those
reach nothing: there is no socket and no other program in the sandbox.
"""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import Any

_STAND_INS = {
    "osprey.runtime": "runtime",
    "epics": "epics_standin",
    "tango": "tango_standin",
    "PyTango": "tango_standin",
    "p4p.client.thread": "p4p_standin",
    "p4p.client.asyncio": "p4p_asyncio_standin",
}
_FOLDERS = frozenset({"osprey", "p4p", "p4p.client"})
"""Names that hold stand-ins and nothing else."""
_OURS = frozenset(name.partition(".")[0] for name in _STAND_INS)

_CLIENTS = frozenset(
    {
        "aioca",
        "asyncua",
        "bluesky",
        "caproto",
        "cothread",
        "doocs",
        "epicscorelibs",
        "jpype",
        "opcua",
        "ophyd",
        "ophyd_async",
        "pcaspy",
        "pvaccess",
        "pyads",
        "pyca",
        "pydoocs",
        "pyepics",
        "softioc",
        "taurus",
    }
)

_NO_SOCKET = "there is no network in a run: read through osprey.runtime, fetch data in a step of its own"
_NO_PROGRAM = "no other program can be started in a run: do it in Python"
_REFUSED_EVENTS = {
    "socket.__new__": _NO_SOCKET,
    "socket.connect": _NO_SOCKET,
    "socket.bind": _NO_SOCKET,
    "socket.getaddrinfo": _NO_SOCKET,
    "subprocess.Popen": _NO_PROGRAM,
    "os.system": _NO_PROGRAM,
    "os.exec": _NO_PROGRAM,
    "os.posix_spawn": _NO_PROGRAM,
    "os.spawn": _NO_PROGRAM,
}


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Gives the stand-ins, and refuses clients of control systems."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname in _FOLDERS:
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        if fullname in _STAND_INS:
            # A package, so that an import of a part of it is asked here as well.
            return importlib.machinery.ModuleSpec(fullname, self, is_package=True)
        root = fullname.partition(".")[0]
        if root in _OURS:
            msg = f"{fullname} does not exist in a run: use osprey.runtime, or one of {', '.join(sorted(_STAND_INS))}"
            raise ModuleNotFoundError(msg, name=fullname)
        if root in _CLIENTS:
            msg = (
                f"{root} cannot reach a control system from a run: use osprey.runtime "
                "(read_channel, write_channel, archive, wait_until), epics (caget, caput, PV), tango (DeviceProxy) "
                "or p4p (Context)"
            )
            raise ModuleNotFoundError(msg, name=fullname)
        return None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> ModuleType | None:
        if spec.name in _STAND_INS:
            package = __name__.rpartition(".")[0]
            return importlib.import_module(f"{package}.{_STAND_INS[spec.name]}")
        return None

    def exec_module(self, module: ModuleType) -> None:
        """Nothing is left to do: a stand-in is complete, and a folder is a name for what it holds."""


def loaded_clients() -> list[str]:
    """Name the libraries of control systems that are loaded, for which stand-ins would come too late."""
    roots = {name.partition(".")[0] for name in sys.modules}
    return sorted(roots & (_OURS | _CLIENTS))


def _refuse_events(event: str, _args: tuple[Any, ...]) -> None:
    message = _REFUSED_EVENTS.get(event)
    if message is not None and not (event == "socket.__new__" and _is_pair(_args)):
        raise PermissionError(1, message)


def _is_pair(args: tuple[Any, ...]) -> bool:
    """Say whether a socket object only wraps a local pair, as event loops make for themselves."""
    family_unix = 1
    return len(args) > 1 and args[1] == family_unix


def install_imports() -> None:
    """Put the stand-ins before everything that is installed."""
    sys.meta_path.insert(0, _Finder())
    sys.addaudithook(_refuse_events)
