"""A Channel Access client for the tests, in a process of its own: pyepics never meets softioc.

Reads one JSON request a line from stdin, `{"op": ..., ...}`, and answers with one JSON line.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main(port: int) -> None:
    os.environ.update(
        EPICS_CA_ADDR_LIST="127.0.0.1",
        EPICS_CA_AUTO_ADDR_LIST="NO",
        EPICS_CA_SERVER_PORT=str(port),
        EPICS_CA_REPEATER_PORT=str(port + 1),
    )
    import epics

    pvs: dict[str, epics.PV] = {}

    def pv_of(name: str) -> epics.PV:
        if name not in pvs:
            pvs[name] = epics.PV(name, auto_monitor=False)
            if not pvs[name].wait_for_connection(10):
                message = f"{name} does not answer"
                raise TimeoutError(message)
        return pvs[name]

    def get(name: str) -> object:
        shown = pv_of(name).get_with_metadata(form="time", use_monitor=False, timeout=10)
        return {key: shown[key] for key in ("value", "severity", "timestamp")}

    def wait_for(name: str, low: float, high: float) -> object:
        deadline = time.monotonic() + 20
        while True:
            shown = get(name)
            if low <= shown["value"] <= high or time.monotonic() > deadline:
                return shown
            time.sleep(0.05)

    operations = {
        "get": get,
        "wait_for": wait_for,
        "text": lambda name: pv_of(name).get(as_string=True, use_monitor=False),
        "describe": lambda name: {
            key: value
            for key, value in pv_of(name).get_ctrlvars().items()
            if key in ("units", "precision", "upper_ctrl_limit", "lower_ctrl_limit", "upper_alarm_limit")
        },
        "put": lambda name, value: pv_of(name).put(value, wait=True, timeout=10),
        "connect": lambda names: epics.caget_many(names, connection_timeout=10),
    }
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps(operations[request.pop("op")](**request)), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
