"""One channel of one context, as its thread knows it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from osprey_epics.dbr import Control, Native

if TYPE_CHECKING:
    from osprey_epics.batch import Request
    from osprey_epics.monitors import Subscription


class Channel:
    """A name, and what its server said when it connected.

    Only the context's thread changes it (but `control`, which an answer sets, and `epoch`); others read single
    attributes.
    """

    __slots__ = (
        "capacity",
        "chid",
        "control",
        "epoch",
        "host",
        "is_connected",
        "is_writable",
        "key",
        "lost_ns",
        "name",
        "native",
        "searched_since",
        "waiting",
        "was_connected",
    )

    def __init__(self, name: str) -> None:
        self.name = name
        self.key = 0
        """The integer by which libca's callbacks name this channel; a new one for every search."""
        self.chid: int | None = None
        self.is_connected = False
        self.was_connected = False
        self.epoch = 0
        """Counts changes of the connection, on libca's thread: an answer of the next one finds it changed."""
        self.is_writable = False
        """What the server's access rights said when the channel was last surveyed."""
        self.lost_ns: int | None = None
        """When the connection was lost."""
        self.searched_since = time.monotonic()
        self.native = Native.DOUBLE
        self.capacity = 1
        """The most elements that the channel holds."""
        self.host = ""
        self.control: Control | None = None
        """None until this connection has answered for it."""
        self.waiting: list[Request] = []
        """What to issue once connected."""

    @property
    def is_scalar(self) -> bool:
        return self.capacity == 1


class WatchedChannel(Channel):
    """A channel that belongs to one subscription alone, and ends with it."""

    __slots__ = ("index", "monitor_id", "monitor_key", "monitored", "subscription")

    def __init__(self, name: str, subscription: Subscription, index: int) -> None:
        super().__init__(name)
        self.subscription = subscription
        self.index = index
        self.monitor_id: int | None = None
        self.monitor_key = 0
        self.monitored = self.native
        """The type that updates come in."""
