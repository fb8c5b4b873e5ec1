"""A real soft IOC with the channels that the programs of this folder name; it counts its puts.

    python storage_ring.py PUTS

It prints ``READY <port> <PV Access port>`` and ends when its standard input closes. The names are the same in every
run, because the programs are stored as they stand; what keeps two IOCs apart is their port on the loopback.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2] / "plugins/osprey-epics/tests/peers"))

from ioc import PutLog, free_port, leave_when_stdin_closes, loopback_variables, pva_loopback_variables

CORRECTORS = [f"SR:{family}{number:02d}" for family in ("HC", "VC") for number in range(1, 9)]
QUADRUPOLES = [f"LTB:Q{number}" for number in (1, 2, 3)]
WRITABLE = (
    *(f"{name}:SP" for name in CORRECTORS),
    *(f"{name}:SETPT" for name in QUADRUPOLES),
    "SR:RF:FREQ",
    "SR:RF:PHASE",
    "ID04:GAP",
    "BL04:M1",
    "FE04:SHUTTER",
    "VAC:V3:OPEN",
    "INJ:MODE",
    "INJ:TRIG",
    "INJ:KICK:WF",
    "TIM:DELAY",
    "LOG:COMMENT",
)
"""Every channel that a put can change, and whose put is counted."""


def build_records(log: PutLog) -> None:
    """Make the records; nothing in them changes by itself."""
    from softioc import builder

    def counted(device: str, name: str, make: Callable[..., Any], *labels: str, **fields: Any) -> Any:
        builder.SetDeviceName(device)
        channel = f"{device}:{name}"
        return make(
            name,
            *labels,
            on_update=lambda value: log.note(channel, value),
            always_update=True,
            blocking=True,
            **fields,
        )

    limits = {"DRVL": -2, "DRVH": 2, "EGU": "A", "PREC": 3}
    for number, device in enumerate(CORRECTORS, start=1):
        setpoint = counted(device, "SP", builder.aOut, initial_value=0.01 * number, **limits)
        builder.aIn("RB", initial_value=0.01 * number, EGU="A")
        if number == 1:
            setpoint.add_alias(f"{device}:CURRENT")
    for device in QUADRUPOLES:
        counted(device, "SETPT", builder.aOut, initial_value=2.0, DRVL=0, DRVH=10, EGU="A")
    counted("SR:RF", "FREQ", builder.aOut, initial_value=499_654_000.0, DRVL=499e6, DRVH=500e6, EGU="Hz")
    counted("SR:RF", "PHASE", builder.aOut, initial_value=8.0, DRVL=-180, DRVH=180, EGU="deg")
    counted("ID04", "GAP", builder.aOut, initial_value=20.0, DRVL=12, DRVH=60, EGU="mm")
    builder.aIn("GAP:RB", initial_value=20.01, EGU="mm")
    counted("BL04", "M1", builder.aOut, initial_value=0.0, DRVL=-5, DRVH=5, EGU="mm")
    builder.aIn("I0", initial_value=1.7e-6, EGU="A")
    counted("FE04", "SHUTTER", builder.boolOut, ZNAM="Closed", ONAM="Open", initial_value=1)
    counted("VAC:V3", "OPEN", builder.boolOut, ZNAM="Closed", ONAM="Open", initial_value=0)
    counted("INJ", "MODE", builder.mbbOut, "OFF", "SINGLE", "TOPUP", initial_value=2)
    counted("INJ", "TRIG", builder.boolOut, ZNAM="Idle", ONAM="Fire", initial_value=0)
    counted("INJ:KICK", "WF", builder.WaveformOut, initial_value=[0.0] * 64, length=64)
    counted("TIM", "DELAY", builder.longOut, initial_value=100, DRVL=0, DRVH=100_000)
    counted("LOG", "COMMENT", builder.stringOut, initial_value="top-up")
    _build_readings()


def _build_readings() -> None:
    from softioc import builder

    for number in range(1, 9):
        builder.SetDeviceName(f"SR:BPM{number:02d}")
        builder.aIn("X", initial_value=0.1 * number, EGU="mm")
        builder.aIn("Y", initial_value=-0.05 * number, EGU="mm")
    builder.SetDeviceName("SR")
    builder.aIn("DCCT", initial_value=399.8, EGU="mA")
    builder.SetDeviceName("INJ")
    builder.longIn("SHOTS", initial_value=17)
    for number in (1, 2, 3):
        builder.SetDeviceName(f"VAC:IG{number:02d}")
        builder.aIn("P", initial_value=1e-9 * number, EGU="mbar")


def main() -> None:
    port, search_port = free_port(), free_port()
    os.environ.update(loopback_variables(port))
    os.environ.update(pva_loopback_variables(search_port))

    from softioc import asyncio_dispatcher, builder, softioc

    dispatcher = asyncio_dispatcher.AsyncioDispatcher()
    build_records(PutLog(Path(sys.argv[1])))
    builder.LoadDatabase()
    softioc.iocInit(dispatcher, enable_pva=True)
    leave_when_stdin_closes()
    print("READY", port, search_port, flush=True)
    while True:
        time.sleep(3600)


if __name__ == "__main__":
    main()
