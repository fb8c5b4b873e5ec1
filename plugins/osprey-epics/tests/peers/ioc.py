"""A real soft IOC on the loopback that counts its puts.

    python ioc.py --port P --prefix X --puts FILE [--slow S] [--many N] [--quick N] [--calcs N] [--pva P]
                  [--until-stdin-closes]

It prints ``READY <port> <PV Access port>`` when it serves (0: a free one; without ``--pva`` there is none). Every put
that reaches a record becomes one line in FILE, on disk before the put completes: record, value and monotonic time in
nanoseconds, separated by tabs. softioc and pyepics cannot live in one process, so this is always a process of its own.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import os
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any


def loopback_variables(port: int) -> dict[str, str]:
    """Keep every socket of server and client on the loopback."""
    return {
        "EPICS_CA_ADDR_LIST": "127.0.0.1",
        "EPICS_CA_AUTO_ADDR_LIST": "NO",
        "EPICS_CA_SERVER_PORT": str(port),
        "EPICS_CA_REPEATER_PORT": str(free_port()),
        "EPICS_CAS_INTF_ADDR_LIST": "127.0.0.1",
        "EPICS_CAS_BEACON_ADDR_LIST": "127.0.0.1",
        "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO",
    }


def pva_loopback_variables(search_port: int) -> dict[str, str]:
    """Keep PV Access of server and client on the loopback; the search port is one of UDP."""
    return {
        "EPICS_PVA_ADDR_LIST": "127.0.0.1",
        "EPICS_PVA_AUTO_ADDR_LIST": "NO",
        "EPICS_PVA_BROADCAST_PORT": str(search_port),
        "EPICS_PVAS_INTF_ADDR_LIST": "127.0.0.1",
        "EPICS_PVAS_BEACON_ADDR_LIST": "127.0.0.1",
        "EPICS_PVAS_AUTO_BEACON_ADDR_LIST": "NO",
        "EPICS_PVAS_BROADCAST_PORT": str(search_port),
        "EPICS_PVAS_SERVER_PORT": str(free_port()),
    }


def free_port() -> int:
    """Find a port that is free for TCP and for UDP."""
    while True:
        with socket.socket() as tcp, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            tcp.bind(("127.0.0.1", 0))
            port: int = tcp.getsockname()[1]
            try:
                udp.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class PutLog:
    """Appends one line a put, and returns when it is on the disk."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def note(self, record: str, value: Any) -> None:
        text = (
            "[" + " ".join(map(str, value)) + "]" if hasattr(value, "__len__") and not isinstance(value, str) else value
        )
        os.write(self._file, f"{record}\t{text}\t{time.monotonic_ns()}\n".encode())
        os.fsync(self._file)


def build_records(prefix: str, log: PutLog, slow_s: float, many: int, quick: int, calcs: int) -> Callable[[], None]:
    """Make the records; gives what has to run once the IOC is up."""
    import numpy as np
    from softioc import alarm, builder

    builder.SetDeviceName(prefix)

    def counted(make: Callable[..., Any], name: str, *args: Any, **fields: Any) -> Any:
        def note(value: Any) -> None:
            log.note(f"{prefix}:{name}", value)

        # A put completes only when its line is written.
        return make(name, *args, on_update=note, always_update=True, blocking=True, **fields)

    alarms: dict[str, Any] = {"HIHI": 9, "HIGH": 8, "LOW": -8, "LOLO": -9}
    severities = {"HHSV": "MAJOR", "HSV": "MINOR", "LSV": "MINOR", "LLSV": "MAJOR"}
    current = counted(
        builder.aOut, "CUR", initial_value=1.5, DRVL=-10, DRVH=10, LOPR=-12, HOPR=12, EGU="A", PREC=3,
        DESC="corrector current", **alarms, **severities,
    )  # fmt: skip
    current.add_alias(f"{prefix}:ALIAS")
    counted(builder.aOut, "FREE", initial_value=0.0, EGU="mm")
    builder.records.calc("CALC", CALC="A*2", INPA=f"{prefix}:CUR CP", EGU="A", DESC="twice the current")
    builder.records.calc("FORMULA", CALC="A*2", INPA=f"{prefix}:CUR", EGU="A")
    builder.records.calc("FAST", CALC="VAL+1", SCAN=".1 second")
    builder.records.ao("LATER", VAL=1, TSE=-2, PINI="NO")  # never processed: no time stamp, undefined
    counted(builder.WaveformOut, "WF", initial_value=np.arange(100, dtype=float), EGU="V")
    builder.WaveformIn("BIG", initial_value=np.arange(10000, dtype=float))
    builder.WaveformIn("PART", initial_value=np.arange(5, dtype=np.int32), length=8)
    counted(builder.WaveformOut, "IWF", initial_value=np.arange(5, dtype=np.int32), length=8)
    counted(builder.mbbOut, "MODE", "OFF", "ON", ("FAULT", "MAJOR"), initial_value=1, DESC="mode")
    counted(builder.boolOut, "BO", ZNAM="Closed", ONAM="Open", initial_value=0)
    counted(builder.stringOut, "STR", initial_value="hello")
    counted(builder.longStringOut, "TEXT", initial_value="a long text " * 10)
    counted(builder.longOut, "LONG", initial_value=7, DRVL=0, DRVH=1000)
    builder.longStringIn("LSTR", initial_value="a long text " * 10)
    builder.mbbIn("ENUM", "OFF", "ON", ("FAULT", "MAJOR"), initial_value=2)
    builder.aIn("UNIT", initial_value=1.0, EGU="A", DISP=0)
    counted(builder.aOut, "RO", initial_value=1.0, DISP=1)
    builder.records.ao("LOCKED", VAL=1, ASG="READONLY", PINI="YES", DRVL=-1, DRVH=1)
    bad = builder.aIn("BAD", initial_value=1.0)
    builder.records.ao("L" + "ONGNAME" * 6, VAL=1, PINI="YES", DRVL=0, DRVH=5)
    shown = builder.aIn("SLOW:RB", initial_value=0.0)

    async def slow(value: float) -> None:
        log.note(f"{prefix}:SLOW", value)
        await asyncio.sleep(slow_s)
        shown.set(value)

    # Completion, and the read-back, come late.
    builder.aOut("SLOW", initial_value=0.0, on_update=slow, blocking=True, always_update=True, DRVL=-10, DRVH=10)
    for index in range(many):
        counted(
            builder.aOut, f"AO{index:04d}", initial_value=float(index), DRVL=-1e6, DRVH=1e6, HOPR=index + 1, EGU="mA"
        )
    for index in range(quick):
        builder.records.ao(f"QUICK{index:04d}", VAL=0, PINI="YES", DRVL=-100, DRVH=100, EGU="mA", PREC=3)
    for index in range(calcs):
        builder.records.calc(f"CALC{index:04d}", CALC="VAL+1", SCAN=".1 second", EGU="n")
    build_table(prefix)
    return lambda: bad.set(99.0, severity=alarm.INVALID_ALARM, alarm=alarm.HW_LIMIT_ALARM)


def build_table(prefix: str) -> None:
    """Make the table TABLE of PV Access out of three waveforms."""
    import numpy as np
    from softioc import builder

    name = f"{prefix}:TABLE"
    labels = builder.records.waveform("TABLE:L", FTVL="STRING", NELM=2, INP='{const:["Position","Current"]}')
    position = builder.WaveformIn("TABLE:S", initial_value=np.arange(3, dtype=float))
    current = builder.WaveformIn("TABLE:I", initial_value=np.arange(3, dtype=np.int32))
    plain = {"+type": "plain", "+channel": "VAL"}
    group = {"+id": "epics:nt/NTTable:1.0", "labels": plain}
    labels.add_info("Q:group", json.dumps({name: group}))
    meta = {"+type": "meta", "+channel": "VAL"}
    position.add_info("Q:group", json.dumps({name: {"value.position": {**plain, "+trigger": "*"}, "": meta}}))
    current.add_info("Q:group", json.dumps({name: {"value.current": plain}}))


def load_access_rules() -> Path:
    """Let nobody write to the records of group READONLY."""
    from epicscorelibs.ioc import dbCore

    descriptor, name = tempfile.mkstemp(suffix=".acf")
    rules = "ASG(DEFAULT) { RULE(1,READ) RULE(1,WRITE) }\nASG(READONLY) { RULE(1,READ) }\n"
    os.write(descriptor, rules.encode())
    os.close(descriptor)
    dbCore.asSetFilename(ctypes.c_char_p(name.encode()))
    return Path(name)


def leave_when_stdin_closes() -> None:
    """End with the process that started this one, however it ended."""

    def wait() -> None:
        while sys.stdin.buffer.read(4096):
            pass
        os._exit(0)

    threading.Thread(target=wait, daemon=True).start()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--prefix", required=True)
    parser.add_argument("--puts", type=Path, required=True, help="where to count the puts")
    parser.add_argument("--slow", type=float, default=4.0, help="seconds until a put to SLOW completes")
    parser.add_argument("--many", type=int, default=1000, help="how many records AO0000 ... there are")
    parser.add_argument("--quick", type=int, default=0, help="how many uncounted records QUICK0000 ... there are")
    parser.add_argument("--calcs", type=int, default=0, help="how many records CALC0000 ... count ten times a second")
    parser.add_argument("--pva", type=int, help="serve PV Access too; the UDP port of its searches")
    parser.add_argument("--until-stdin-closes", action="store_true")
    options = parser.parse_args()
    port = options.port or free_port()
    os.environ.update(loopback_variables(port))
    pva_port = None if options.pva is None else options.pva or free_port()
    if pva_port is not None:
        os.environ.update(pva_loopback_variables(pva_port))

    from softioc import asyncio_dispatcher, builder, softioc

    dispatcher = asyncio_dispatcher.AsyncioDispatcher()
    log = PutLog(options.puts)
    start = build_records(options.prefix, log, options.slow, options.many, options.quick, options.calcs)
    rules = load_access_rules()
    builder.LoadDatabase()
    softioc.iocInit(dispatcher, enable_pva=pva_port is not None)
    rules.unlink()
    start()
    if options.until_stdin_closes:
        leave_when_stdin_closes()
    print("READY", port, pva_port or "-", flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
