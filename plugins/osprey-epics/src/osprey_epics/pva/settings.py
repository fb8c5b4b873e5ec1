"""The settings of a target with connector `epics-pva`; nothing here imports a control-system library."""

from __future__ import annotations

from typing import Any

from attrs import Attribute, evolve, field, frozen

from osprey_epics.settings import as_words

_HIGHEST_PORT = 65535


def _is_port(instance: object, attribute: Attribute[int | None], value: int | None) -> None:
    if value is not None and not 0 < value <= _HIGHEST_PORT:
        msg = f"{attribute.name} {value}: give a port between 1 and {_HIGHEST_PORT}"
        raise ValueError(msg)


@frozen(kw_only=True)
class PvaGatewaySettings:
    """Where one PV Access context searches."""

    address: Any = field(default=(), converter=as_words)
    """A host (with ``:port`` if it is not `port`), or a list of them. None: the process's environment."""
    port: int | None = field(default=None, validator=_is_port)
    """The UDP port of `address` entries without their own; PV Access's own default is 5076."""
    auto_addr_list: bool | None = None
    """Search on every network interface too. None: only if no address is given."""
    name_servers: Any = field(default=(), converter=as_words)
    """Hosts that are asked over TCP, as in `EPICS_PVA_NAME_SERVERS`; their default port is 5075."""


@frozen(kw_only=True)
class PvaGatewaysSettings:
    """Separate ways for reading and writing."""

    read: PvaGatewaySettings | None = None
    """Where reads go."""
    write: PvaGatewaySettings | None = None
    """Where writes go."""


@frozen(kw_only=True)
class PvaSettings(PvaGatewaySettings):
    """The whole section; without any key the process's own ``EPICS_PVA_*`` variables decide."""

    gateways: PvaGatewaysSettings = field(factory=PvaGatewaysSettings)
    """Where reads, and where writes, go instead of `address`."""
    text_channels: Any = field(default=(), converter=as_words)
    """Channels (``*`` and ``?`` are wildcards) whose arrays of characters are texts."""

    @property
    def reading(self) -> PvaGatewaySettings:
        """Where reads go."""
        return self._complete(self.gateways.read)

    @property
    def writing(self) -> PvaGatewaySettings:
        """Where writes go."""
        return self._complete(self.gateways.write)

    def _complete(self, way: PvaGatewaySettings | None) -> PvaGatewaySettings:
        """Give a gateway that names no host (only a port, say) the hosts of the target."""
        way = self if way is None else way
        own = {} if way.address or way.name_servers else {"address": self.address, "name_servers": self.name_servers}
        return evolve(
            PvaGatewaySettings(
                address=way.address, port=way.port, auto_addr_list=way.auto_addr_list, name_servers=way.name_servers
            ),
            **own,
        )


def context_variables(way: PvaGatewaySettings) -> dict[str, str]:
    """Give the variables that a context with these settings needs; for the others the environment decides."""
    variables: dict[str, str] = {}
    if way.port is not None:
        variables["EPICS_PVA_BROADCAST_PORT"] = str(way.port)
    if way.address or way.name_servers:
        variables["EPICS_PVA_ADDR_LIST"] = " ".join(way.address)
        variables["EPICS_PVA_NAME_SERVERS"] = " ".join(way.name_servers)
        variables["EPICS_PVA_AUTO_ADDR_LIST"] = "NO"
    if way.auto_addr_list is not None:
        variables["EPICS_PVA_AUTO_ADDR_LIST"] = "YES" if way.auto_addr_list else "NO"
    return variables
