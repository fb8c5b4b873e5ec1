"""The zygote: an interpreter inside the sandbox with packages loaded, forked once for each run.

It never runs generated code itself and holds nothing that a run could want: no right, no secret, one socket
to the parent. What a run does to its own copy of the memory is gone with it.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import select
import signal
import sys
from array import array
from typing import Any

from . import PROTOCOL, clock, imports, keeper, seccomp

_LARGEST_REQUEST = 1 << 16
_DESCRIPTORS = 4
"""Of a run: the broker's socket, its output, its errors, and where its keeper reports."""


def serve(control: Any, setup: dict[str, Any]) -> None:
    """Load what is to be loaded, say so, and fork a run for each request; never returns."""
    sys.dont_write_bytecode = True
    # -S left site-packages out, so that nothing of them ran while rights were still held.
    sys.path[:] = [*(path for path in sys.path if path), *setup["paths"]]
    problems = _preload(setup["preload"])
    references = clock.find_references()
    if setup["is_confined"]:
        seccomp.build_filter(os.uname().machine, shares_files=setup["landlock"] is not None)  # kept for every run
        seccomp.build_filter(os.uname().machine)
    gc.collect()
    gc.freeze()  # a collection in a run would otherwise touch, and so copy, all that is shared
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # a keeper reports to the parent; nobody here waits for it
    answer = {"protocol": PROTOCOL, "python": sys.version.split()[0], "problems": problems}
    control.send(json.dumps(answer).encode())
    waiting = select.poll()
    waiting.register(control.fileno(), select.POLLIN)
    idle_ms = None if setup["idle_s"] is None else setup["idle_s"] * 1e3
    while waiting.poll(idle_ms):
        request, descriptors = _receive(control)
        if not request:
            break
        if len(descriptors) == _DESCRIPTORS:
            keeper.start_run(control, setup, request, descriptors, references)
        for descriptor in descriptors:
            os.close(descriptor)
    os._exit(0)


def _preload(names: list[str]) -> dict[str, str]:
    """Import the modules, and say of each that cannot be used why not.

    :raises RuntimeError: one of them started a thread, which a fork would lose, or loaded a client of a
        control system.
    """
    problems: dict[str, str] = {}
    for name in names:
        try:
            importlib.import_module(name)
        except Exception as exc:  # noqa: BLE001 - a program that imports it will be told the same
            problems[name] = f"{type(exc).__name__}: {exc}"[:300]
        if len(os.listdir("/proc/self/task")) > 1:
            msg = f"importing {name} starts threads, so it cannot be loaded ahead: take it out of preload"
            raise RuntimeError(msg)
        if clients := imports.loaded_clients():
            msg = f"importing {name} loads {clients[0]}, which runs have a stand-in for: take it out of preload"
            raise RuntimeError(msg)
    return problems


def _receive(control: Any) -> tuple[dict[str, Any], list[int]]:
    import _socket

    size = array("i").itemsize * _DESCRIPTORS
    text, ancillary, _, _ = control.recvmsg(_LARGEST_REQUEST, _socket.CMSG_SPACE(size), _socket.MSG_CMSG_CLOEXEC)
    descriptors = array("i")
    for _, kind, data in ancillary:
        if kind == _socket.SCM_RIGHTS:
            descriptors.frombytes(data[: len(data) - len(data) % descriptors.itemsize])
    return (json.loads(text) if text else {}), list(descriptors)
