"""Where a target's requests go, and whether something answers there.

A name server is asked over TCP, so it can be tried. A search over UDP has no answer but that of the server which has
the channel: whether a host of an address list serves at all cannot be known without a channel's name.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Final

import anyio
from attrs import evolve, frozen

from osprey.control import Endpoint

_UDP_NOTE: Final = "searched over UDP: whether a server is there shows only when it has a channel that is asked for"


@frozen(kw_only=True)
class Protocol:
    """The words of one of the two protocols of EPICS for its environment."""

    prefix: str
    default_port: int
    default_server_port: int
    """Of a name server, which is asked over TCP."""
    port_key: str


CHANNEL_ACCESS: Final = Protocol(
    prefix="EPICS_CA_", default_port=5064, default_server_port=5064, port_key="SERVER_PORT"
)
PV_ACCESS: Final = Protocol(prefix="EPICS_PVA_", default_port=5076, default_server_port=5075, port_key="BROADCAST_PORT")


def endpoints_of(protocol: Protocol, purpose: str, environment: Mapping[str, str]) -> Iterator[tuple[Endpoint, bool]]:
    """Give where one context searches, each with whether it is asked over TCP.

    :param environment: the process's, with the variables of this context on top.
    """
    told = {key.removeprefix(protocol.prefix): value for key, value in environment.items()}
    port = _port(told.get(protocol.port_key), protocol.default_port)
    for address in told.get("ADDR_LIST", "").split():
        yield Endpoint(purpose=purpose, address=_with_port(address, port), note=_UDP_NOTE), False
    if told.get("AUTO_ADDR_LIST", "YES").upper() != "NO":
        yield Endpoint(purpose=purpose, address=f"every network interface:{port}", note=_UDP_NOTE), False
    server_port = _port(told.get("SERVER_PORT"), protocol.default_server_port)
    for address in told.get("NAME_SERVERS", "").split():
        yield Endpoint(purpose=f"{purpose}, name server", address=_with_port(address, server_port)), True


async def try_all(found: Iterator[tuple[Endpoint, bool]], timeout_s: float) -> list[Endpoint]:
    """Connect to what is asked over TCP, all at once and within one deadline."""
    listed = list(found)
    results = [endpoint for endpoint, _ in listed]
    async with anyio.create_task_group() as group:
        for index, (endpoint, is_tcp) in enumerate(listed):
            if is_tcp:
                group.start_soon(_try_into, results.__setitem__, index, endpoint, timeout_s)
    return results


async def _try_into(keep: Callable[[int, Endpoint], None], index: int, endpoint: Endpoint, timeout_s: float) -> None:
    keep(index, await _try(endpoint, timeout_s))


async def _try(endpoint: Endpoint, timeout_s: float) -> Endpoint:
    host, _, port = endpoint.address.rpartition(":")
    start = time.monotonic()
    try:
        with anyio.fail_after(timeout_s):
            stream = await anyio.connect_tcp(host, int(port))
            await stream.aclose()
    except TimeoutError:
        return evolve(endpoint, is_reachable=False, note=f"no answer over TCP within {timeout_s:g} s")
    except OSError as exc:
        return evolve(endpoint, is_reachable=False, note=f"no connection over TCP: {exc}")
    return evolve(endpoint, is_reachable=True, latency_ms=(time.monotonic() - start) * 1e3)


def _port(told: str | None, default: int) -> int:
    return int(told) if told and told.isdigit() else default


def _with_port(address: str, port: int) -> str:
    return address if ":" in address else f"{address}:{port}"
