"""A Channel Access server without records (caproto), for a test of servers of that kind.

    python plugins/osprey-epics/tests/peers/plain_server.py PORT

It prints READY once it serves, and ends with its standard input.
"""

from __future__ import annotations

import os
import sys
import threading

os.environ |= {
    "EPICS_CAS_SERVER_PORT": sys.argv[1],
    "EPICS_CA_SERVER_PORT": sys.argv[1],
    "EPICS_CAS_INTF_ADDR_LIST": "127.0.0.1",
    "EPICS_CAS_BEACON_ADDR_LIST": "127.0.0.1",
    "EPICS_CAS_AUTO_BEACON_ADDR_LIST": "NO",
}

from caproto import ChannelDouble
from caproto.asyncio.server import run

CURRENT = ChannelDouble(value=1.5, units="A", lower_ctrl_limit=-10.0, upper_ctrl_limit=10.0)


async def tell_ready(_async_lib: object) -> None:
    print("READY", flush=True)


def end_with_standard_input() -> None:
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=end_with_standard_input, daemon=True).start()
run({"PLAIN:CURRENT": CURRENT}, interfaces=["127.0.0.1"], log_pv_names=False, startup_hook=tell_ready)
