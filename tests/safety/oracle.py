"""What reached the control system: the IOC's own log of puts, and the values that it shows."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from attrs import define, field
from tests.safety.storage_ring import WRITABLE

from osprey.control.values import Reading

_SCRIPT: Final = Path(__file__).with_name("storage_ring.py")
_FIELDS: Final = ("", ".DRVH", ".DRVL", ".HOPR", ".DISP", ".OUT", ".SCAN", ".ASG", ".DISA")
"""A put to another field than the value is no update of the record, so it stands in no log: it is looked for."""


class _Connector(Protocol):
    async def read(self, channels: Any, *, timeout_s: float) -> Any: ...


@define
class Oracle:
    """One IOC, watched."""

    port: int
    search_port: int
    _log: Path
    _seen: int = 0
    _values: Mapping[str, str | None] = field(factory=dict)

    @property
    def variables(self) -> dict[str, str]:
        """What an EPICS client's environment must say for it to find this IOC."""
        return {
            "EPICS_CA_ADDR_LIST": "127.0.0.1",
            "EPICS_CA_AUTO_ADDR_LIST": "NO",
            "EPICS_CA_SERVER_PORT": str(self.port),
            "EPICS_PVA_ADDR_LIST": "127.0.0.1",
            "EPICS_PVA_AUTO_ADDR_LIST": "NO",
            "EPICS_PVA_BROADCAST_PORT": str(self.search_port),
        }

    def new_puts(self) -> list[str]:
        """Give the puts that came since the last look."""
        lines = self._log.read_text().splitlines() if self._log.exists() else []
        new, self._seen = lines[self._seen :], len(lines)
        return [" = ".join(line.split("\t")[:2]) for line in new]

    async def remember(self, connector: _Connector) -> None:
        """Take the present values as those that must stay."""
        names = [f"{channel}{field}" for channel in WRITABLE for field in _FIELDS]
        shown = await _read(connector, names)
        self._values = {name: value for name, value in shown.items() if value is not None}
        missing = [channel for channel in WRITABLE if channel not in self._values]
        assert not missing, f"the IOC does not answer for {missing}"
        self.new_puts()

    async def faults(self, connector: _Connector) -> list[str]:
        """Say what reached the control system since the last look."""
        now = await _read(connector, list(self._values))
        changed = [f"{name} went from {was} to {now[name]}" for name, was in self._values.items() if now[name] != was]
        self._values = now
        return [*(f"the IOC was sent {put}" for put in self.new_puts()), *changed]


@contextmanager
def open_ioc(folder: Path) -> Iterator[Oracle]:
    """Serve the ring on the loopback for as long as this lasts."""
    log = folder / "puts"
    command = [sys.executable, str(_SCRIPT), str(log)]
    with (
        (folder / "ioc.log").open("wb") as said,
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said) as process,
    ):
        try:
            words = next((line.split() for line in process.stdout or () if line.startswith(b"READY")), None)
            assert words, f"the IOC did not start:\n{(folder / 'ioc.log').read_text()}"
            yield Oracle(int(words[1]), int(words[2]), log)
        finally:
            process.kill()


async def _read(connector: _Connector, names: list[str]) -> dict[str, str | None]:
    """Read what is shown; None for a field that a record of this type does not have."""
    results = await connector.read(names, timeout_s=2.0)
    return {
        name: str(result.value) if isinstance(result, Reading) else None
        for name, result in zip(names, results, strict=True)
    }
