"""A trace of system calls shows that the intent is on the disk before the put is on the wire."""

from __future__ import annotations

import re
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.ioc

_CA_WRITE = 4
_CA_WRITE_NOTIFY = 19
_HEADER = struct.Struct(">HHHHII")
"""Command, payload size, data type, count, and two parameters: the header of a Channel Access message."""

_CALL = re.compile(r"^\d+ +(?P<call>\w+)\((?P<rest>.*)$")
_BUFFER = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def test_the_journal_is_synced_before_the_put_leaves_and_again_after_it(epics: Any, tmp_path: Path) -> None:
    turn = epics("ask", "--json", "--target", "epics", "set VCM07 to 0.125 A", code=4).json
    epics.approve_waiting()
    trace = tmp_path / "trace"
    command = ["strace", "-f", "-y", "-xx", "-s", "65536", "-o", str(trace)]
    calls = ["-e", "trace=fsync,fdatasync,sendto,sendmsg,send,write,writev"]
    subprocess.run(
        [*command, *calls, *epics.command("resume", turn["thread"])], check=True, capture_output=True, timeout=100
    )
    events = list(_events(trace))
    assert events.count("put") == 1, events
    put = events.index("put")
    assert "sync" in events[:put], "nothing was synced before the put"
    assert "sync" in events[put:], "no receipt was synced after the put"


def _events(trace: Path) -> Iterator[str]:
    for line in trace.read_text(encoding="utf-8", errors="replace").splitlines():
        found = _CALL.match(line)
        if not found:
            continue
        if found["call"] in {"fsync", "fdatasync"} and _names_the_journal(found["rest"]):
            yield "sync"
        elif any(_is_put(_bytes(buffer)) for buffer in _BUFFER.findall(found["rest"])):
            yield "put"


def _names_the_journal(rest: str) -> bool:
    # strace -xx prints the path behind a descriptor in hex as well
    path = _bytes(rest.partition("<")[2].partition(">")[0]) or rest.encode()
    return b"osprey.db" in path


def _bytes(hexadecimal: str) -> bytes:
    return bytes(int(pair, 16) for pair in re.findall(r"\\x([0-9a-f]{2})", hexadecimal))


def _is_put(data: bytes) -> bool:
    """Walk a stream of Channel Access messages; true if one of them is a put."""
    while len(data) >= _HEADER.size:
        command, size, *_ = _HEADER.unpack_from(data)
        if command in {_CA_WRITE, _CA_WRITE_NOTIFY}:
            return True
        if command > 27 or size % 8:
            return False
        data = data[_HEADER.size + size :]
    return False
