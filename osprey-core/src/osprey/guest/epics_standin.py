"""A stand-in for pyepics: what people write with `import epics`, through the broker.

It covers reading and putting. What needs a connection of its own (monitors, callbacks, the CA layer)
raises with a sentence that says what to use instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Callable

from . import runtime
from .link import ControlError

__version__ = "osprey"
__all__ = ["PV", "caget", "caget_many", "cainfo", "caput", "caput_many", "get_pv"]


def caget(pvname: str, as_string: bool = False, count: int | None = None, **_connection: Any) -> Any:
    """Read one channel. Time-outs and connection settings are the target's, so they are not used here."""
    return _shown(runtime.read_full([pvname])[0], as_string, count)


def caget_many(
    pvlist: Iterable[str], as_string: bool = False, count: int | None = None, **_connection: Any
) -> list[Any]:
    """Read many channels together."""
    return [_shown(reading, as_string, count) for reading in runtime.read_full(list(pvlist))]


def caput(pvname: str, value: Any, **_completion: Any) -> int:
    """Ask for one write; it always waits for completion."""
    runtime.write_channel(pvname, value)
    return 1


def caput_many(pvlist: Iterable[str], values: Iterable[Any], **_completion: Any) -> list[int]:
    """Ask for writes that go out together."""
    names, wanted = list(pvlist), list(values)
    if len(names) != len(wanted):
        msg = f"caput_many() got {len(names)} channels and {len(wanted)} values"
        raise ValueError(msg)
    runtime.write_channels(dict(zip(names, wanted)))
    return [1] * len(names)


def cainfo(pvname: str, print_out: bool = True, **_connection: Any) -> str | None:
    """Describe a channel as text."""
    info = runtime.channel_info(pvname)[pvname]
    text = "\n".join([f"== {pvname} ==", *(f"   {key:<12} = {info[key]}" for key in sorted(info))])
    if print_out:
        print(text)  # noqa: T201 - what pyepics does
        return None
    return text


def get_pv(pvname: str, **settings: Any) -> PV:
    """Give a PV."""
    return PV(pvname, **settings)


def _shown(reading: dict[str, Any], as_string: bool, count: int | None) -> Any:
    value = reading["value"]
    if as_string:
        return reading["label"] if reading.get("label") is not None else str(value)
    if isinstance(value, list):
        return runtime.as_array(value[:count] if count else value)
    return value


class PV:
    """One channel with pyepics' habits: `value`, `get`, `put`, `units`, `severity`, `timestamp`."""

    def __init__(self, pvname: str, callback: Any = None, **_connection: Any) -> None:
        if callback:
            self.add_callback(callback)
        self.pvname = pvname

    def __repr__(self) -> str:
        return f"<PV {self.pvname!r}, through the broker>"

    @property
    def value(self) -> Any:
        return self.get()

    @value.setter
    def value(self, wanted: Any) -> None:
        self.put(wanted)

    def get(self, as_string: bool = False, count: int | None = None, **_connection: Any) -> Any:
        return caget(self.pvname, as_string=as_string, count=count)

    def put(self, value: Any, callback: Callable[..., Any] | None = None, **_completion: Any) -> int:
        result = caput(self.pvname, value)
        if callback is not None:
            callback(pvname=self.pvname)
        return result

    def get_with_metadata(self, **_connection: Any) -> dict[str, Any]:
        return {**self._reading(), **self.get_ctrlvars()}

    def get_ctrlvars(self, **_connection: Any) -> dict[str, Any]:
        info = self._info()
        return {
            "units": info["unit"],
            "precision": info["precision"],
            "lower_ctrl_limit": info["drive_low"],
            "upper_ctrl_limit": info["drive_high"],
            "enum_strs": tuple(info["labels"]),
        }

    def wait_for_connection(self, timeout: float | None = None) -> bool:
        """Look whether the channel answers; raises with the closest names if it does not exist."""
        self._reading()
        return True

    @property
    def connected(self) -> bool:
        return self.wait_for_connection()

    def connect(self, timeout: float | None = None) -> bool:
        return self.wait_for_connection(timeout)

    def disconnect(self) -> None:
        """Nothing is held, so there is nothing to give back."""

    @property
    def char_value(self) -> str:
        return self.get(as_string=True)

    @property
    def units(self) -> str:
        return self._reading()["unit"]

    @property
    def severity(self) -> int:
        return ("ok", "minor", "major", "invalid").index(self._reading()["severity"])

    @property
    def timestamp(self) -> float | None:
        source_ns = self._reading()["source_ns"]
        return None if source_ns is None else source_ns / 1e9

    @property
    def precision(self) -> int | None:
        return self._info()["precision"]

    @property
    def lower_ctrl_limit(self) -> float | None:
        return self._info()["drive_low"]

    @property
    def upper_ctrl_limit(self) -> float | None:
        return self._info()["drive_high"]

    @property
    def enum_strs(self) -> tuple[str, ...]:
        return tuple(self._info()["labels"])

    def add_callback(self, *_args: Any, **_settings: Any) -> None:
        """Refuse: a run has no monitors."""
        msg = "a run has no monitors or callbacks: read in a loop, or use osprey.runtime.wait_until()"
        raise ControlError(msg)

    def _reading(self) -> dict[str, Any]:
        return runtime.read_full([self.pvname])[0]

    def _info(self) -> dict[str, Any]:
        return runtime.channel_info(self.pvname)[self.pvname]


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    msg = (
        f"epics.{name} does not exist in a run: use caget, caput, caget_many, caput_many, PV, "
        "or osprey.runtime (read_channel, write_channel, wait_until, archive)"
    )
    raise AttributeError(msg)
