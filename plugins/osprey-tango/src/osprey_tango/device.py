"""One device: its proxies, and what is known of its attributes. Used on the workers' threads only.

A proxy's time limit holds for everyone who uses the proxy, so there is one for each class of time limits, and
others for writing: those do not let the library connect anew in the middle of a call, because it would then
send a write a second time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import tango

from osprey_tango.lanes import Lane
from osprey_tango.names import ChannelName, resource_name
from osprey_tango.readings import STATE_LABELS, Facts


class Device:
    """A device of one Tango system; `database` is the host of the default one, empty for the environment's."""

    def __init__(self, name: ChannelName, database: str, timeouts_s: Sequence[float], lane: Lane) -> None:
        self.lane = lane
        self.host = name.host
        self.has_database = name.has_database
        self.resource = resource_name(name.host or database, name.device, has_database=name.has_database)
        self._timeouts_s = tuple(timeouts_s)
        self._proxies: dict[tuple[float, bool], Any] = {}
        self.infos: dict[str, Any] = {}
        """Configurations of attributes, by name in lower case; asked once, and again by every description."""
        self.facts: dict[str, Facts] = {}

    def timeout_class_s(self, remaining_s: float) -> float:
        """Give the smallest time limit that is not shorter than what the caller allows, else the largest."""
        return next((limit for limit in self._timeouts_s if limit >= remaining_s), self._timeouts_s[-1])

    def proxy(self, remaining_s: float, *, is_for_writes: bool = False) -> Any:
        """Give the proxy of a class of time limits.

        :raises tango.DevFailed: the database does not know the device, or cannot be reached.
        """
        limit_s = self.timeout_class_s(remaining_s)
        found = self._proxies.get((limit_s, is_for_writes))
        if found is None:
            found = tango.DeviceProxy(self.resource)
            found.set_timeout_millis(max(1, round(limit_s * 1000)))
            if is_for_writes:
                found.set_transparency_reconnection(False)
            self._proxies[limit_s, is_for_writes] = found
        return found

    def learn(self, proxy: Any, attributes: Iterable[str], *, again: bool = False) -> None:
        """Ask for the configurations of attributes, in one call where all of them exist."""
        wanted = [name for name in attributes if again or name not in self.infos]
        if not wanted:
            return
        try:
            found = proxy.get_attribute_config_ex(wanted)
        except tango.DevFailed as exc:
            if exc.args[0].reason != "API_AttrNotFound":
                raise
            existing = {name.lower() for name in proxy.get_attribute_list()}
            for name in wanted:
                self.forget(name)
            wanted = [name for name in wanted if name in existing]
            found = proxy.get_attribute_config_ex(wanted) if wanted else ()
        for name, info in zip(wanted, found, strict=True):
            self.infos[name] = info
            self.facts[name] = Facts(plain_text(info.unit, "No unit"), labels_of(info))

    def forget(self, attribute: str) -> None:
        """Forget one attribute: it is not there, or not as it was."""
        self.infos.pop(attribute, None)
        self.facts.pop(attribute, None)

    def forget_all(self) -> None:
        """Forget all: what answers next may be another server.

        The proxies too: the library would not let one connect again within a second of a failure.
        """
        self.infos.clear()
        self.facts.clear()
        self._proxies.clear()


def plain_text(text: str, nothing: str) -> str:
    """Give a text of the configuration; Tango has a word for each that was not given."""
    return "" if text in ("", nothing, "Not specified") else text


def labels_of(info: Any) -> tuple[str, ...]:
    """Give the texts of an enumeration's states."""
    if info.data_type == tango.CmdArgType.DevState:
        return STATE_LABELS
    return tuple(info.enum_labels)
