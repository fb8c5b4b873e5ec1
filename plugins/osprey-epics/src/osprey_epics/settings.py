"""The settings of a target with connector `epics`; nothing here imports a control-system library."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attrs import Attribute, evolve, field, frozen

# Below this libca takes its default port instead, and so another IOC than the one that was meant.
_LOWEST_PORT = 5001
_HIGHEST_PORT = 65535


def as_words(value: str | Iterable[str]) -> tuple[str, ...]:
    """Take one text, several separated by blanks (as in `EPICS_CA_ADDR_LIST`), or a list of them."""
    if isinstance(value, str):
        return tuple(value.split())
    words: tuple[Any, ...] = tuple(value)
    for word in words:
        if not isinstance(word, str) or not word or word.split() != [word]:
            msg = f"{word!r} is not an address: give 'host', 'host:port', or a list of these"
            raise ValueError(msg)
    return words


def _is_port(instance: object, attribute: Attribute[int | None], value: int | None) -> None:
    if value is not None and not _LOWEST_PORT <= value <= _HIGHEST_PORT:
        msg = f"{attribute.name} {value}: Channel Access takes a port between {_LOWEST_PORT} and {_HIGHEST_PORT}"
        raise ValueError(msg)


def _is_array_size(instance: object, attribute: Attribute[int | None], value: int | None) -> None:
    # libca itself never goes below 16 kB, so a smaller figure would be a promise that it does not keep.
    if value is not None and value < 16384:
        msg = f"max_array_bytes {value}: the smallest that Channel Access works with is 16384"
        raise ValueError(msg)


@frozen(kw_only=True)
class GatewaySettings:
    """Where one Channel Access context searches."""

    address: Any = field(default=(), converter=as_words)
    """A host (with ``:port`` if it is not `port`), or a list of them. None: the process's environment."""
    port: int | None = field(default=None, validator=_is_port)
    """The port of `address` entries without their own; Channel Access's own default is 5064."""
    auto_addr_list: bool | None = None
    """Search on every network interface too. None: only if no address is given."""
    name_servers: Any = field(default=(), converter=as_words)
    """Hosts that are asked over TCP, as in `EPICS_CA_NAME_SERVERS`."""
    use_name_server: bool = False
    """Ask `address` over TCP and send no search datagram at all."""


@frozen(kw_only=True)
class GatewaysSettings:
    """Separate ways for reading and writing; each has an older spelling."""

    read: GatewaySettings | None = None
    """Where reads go."""
    write: GatewaySettings | None = None
    """Where writes go."""
    read_only: GatewaySettings | None = None
    """Older spelling of `read`."""
    write_access: GatewaySettings | None = None
    """Older spelling of `write`."""
    read_write: GatewaySettings | None = None
    """Older spelling of `write`."""

    def __attrs_post_init__(self) -> None:
        for names in (("read", "read_only"), ("write", "write_access", "read_write")):
            given = [name for name in names if getattr(self, name) is not None]
            if len(given) > 1:
                msg = f"gateways: {' and '.join(given)} mean the same; keep only {names[0]}"
                raise ValueError(msg)


@frozen(kw_only=True)
class EpicsSettings(GatewaySettings):
    """The whole section; without any key the process's own ``EPICS_CA_*`` variables decide."""

    gateways: GatewaysSettings = field(factory=GatewaysSettings)
    """Where reads, and where writes, go instead of `address`."""
    max_array_bytes: int | None = field(default=None, validator=_is_array_size)
    """Arrays larger than this are refused. None: arrays of any size."""
    text_channels: Any = field(default=(), converter=as_words)
    """Channels (``*`` and ``?`` are wildcards) whose arrays of characters are texts."""
    not_records: Any = field(default=(), converter=as_words)
    """Channels (``*`` and ``?`` are wildcards) of servers without records, such as LabVIEW's or caproto's: where
    no ``.NAME`` exists, the name as it is written is the canonical one. Never name a server that has aliases."""

    @property
    def reading(self) -> GatewaySettings:
        """Where reads go."""
        return self._complete(self.gateways.read or self.gateways.read_only)

    @property
    def writing(self) -> GatewaySettings:
        """Where writes go."""
        ways = self.gateways
        return self._complete(ways.write or ways.write_access or ways.read_write)

    def _complete(self, way: GatewaySettings | None) -> GatewaySettings:
        """Give a gateway that names no host (only a port, say) the hosts of the target."""
        if way is None:
            return self
        if way.address or way.name_servers:
            return way
        return evolve(way, address=self.address, name_servers=self.name_servers)
