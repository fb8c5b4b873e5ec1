"""The shadow of a machine: what it would show if it had followed the intended writes at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import define, evolve, field

from osprey.control.values import ChannelInfo, DType, Reading


@define
class Shadow:
    """Values over the live ones, by canonical name."""

    _values: dict[str, Any] = field(factory=dict[str, Any])
    _labels: dict[str, str] = field(factory=dict[str, str])

    def set(self, channel: str, value: Any, info: ChannelInfo | None, readback: str | None) -> None:
        """Take over an intended write; a declared read-back follows its setpoint."""
        shown, label = _as_shown(value, info)
        for name in (channel, readback):
            if name is not None:
                self._values[name] = shown
                if label is not None:
                    self._labels[name] = label

    def covers(self, channel: str) -> bool:
        return channel in self._values

    def over(self, channel: str, live: Reading) -> Reading:
        """Give the reading as the shadow shows it."""
        value = self._values[channel]
        if live.dtype is DType.FLOAT and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        return evolve(live, value=value, label=self._labels.get(channel, live.label))

    @property
    def values(self) -> Mapping[str, Any]:
        return self._values


def _as_shown(value: Any, info: ChannelInfo | None) -> tuple[Any, str | None]:
    """Translate the text or number of an enumeration into both."""
    if info is None or not info.labels:
        return value, None
    if isinstance(value, str) and value in info.labels:
        return info.labels.index(value), value
    if isinstance(value, int) and 0 <= value < len(info.labels):
        return value, info.labels[value]
    return value, None
