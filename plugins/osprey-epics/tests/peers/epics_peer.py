"""The soft IOC as a peer of the conformance suite, for both protocols of EPICS."""

from __future__ import annotations

import os

from soft_ioc import SoftIoc

from osprey.testing.conformance import Absent, ConnectorPeer, Roles

_PREFIX = f"CF{os.getpid()}"


def name(record: str) -> str:
    """Give the full name of a record; peers of one process share a prefix, and differ in their ports."""
    return f"{_PREFIX}:{record}"


def roles(**other: object) -> Roles:
    """Give the parts that records of the soft IOC play."""
    players: dict[str, object] = {
        "number": name("AO0001"),
        "unit": "mA",
        "aliases": {f"{name('AO0001')}.VAL": name("AO0001"), name("ALIAS"): name("CUR")},
        "integer": name("LONG"),
        "flag": Absent("a record's truth value is an enumeration of two states"),
        "text": name("STR"),
        "enumeration": name("MODE"),
        "waveform": name("WF"),
        "read_only": name("LOCKED"),
        "limited": name("CUR"),
        "missing": name("NOPE"),
        "slow_read": Absent("a record answers a read from its memory"),
        "slow_put": name("SLOW"),
        "rejecting": name("RO"),
        "alarmed": name("BAD"),
        "search": Absent("EPICS cannot list what there is"),
    }
    return Roles(**players | other)  # type: ignore[arg-type]


class SoftIocPeer(ConnectorPeer):
    """A soft IOC with slow, read-only, clipped, disabled, alarmed and dying records."""

    has_pva = False
    _ioc: SoftIoc | None = None

    @property
    def ioc(self) -> SoftIoc:
        """The running IOC; made with the first start."""
        if self._ioc is None:
            self._ioc = SoftIoc(self.folder, prefix=_PREFIX, slow_s=1.0, has_pva=self.has_pva)
        return self._ioc

    def start(self) -> None:
        """Start it."""
        self.ioc.start()

    def stop(self) -> None:
        """Kill it."""
        self.ioc.stop()

    def count_puts(self, channel: str) -> int:
        """Count the puts in its log."""
        return len(self.ioc.puts(channel.removeprefix(f"{_PREFIX}:")))
