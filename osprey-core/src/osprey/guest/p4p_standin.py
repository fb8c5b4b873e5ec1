"""A stand-in for p4p's clients: `Context.get` and `Context.put` through the broker, with p4p's value types.

Monitors, remote procedure calls and servers need a connection of their own, and raise with a sentence that says what
to use instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import runtime
from .link import ChannelError, ControlError

__all__ = ["Context", "Disconnected", "RemoteError", "TimeoutError"]

RemoteError = Disconnected = Cancelled = ChannelError
"""What p4p raises, by the names that programs catch it under."""
TimeoutError = TimeoutError  # noqa: A001 - p4p's clients have it under this name
_SEVERITIES = ("ok", "minor", "major", "invalid")


class _Stamped:
    """What p4p adds to a value: `timestamp`, `severity`, `units`."""

    timestamp: float | None
    severity: int
    units: str

    def stamped(self, reading: dict[str, Any]) -> Any:
        source_ns = reading["source_ns"]
        self.timestamp = None if source_ns is None else source_ns / 1e9
        self.severity = _SEVERITIES.index(reading["severity"])
        self.units = reading["unit"]
        return self


class ntfloat(_Stamped, float):  # noqa: N801 - p4p's own names
    """A number."""


class ntint(_Stamped, int):  # noqa: N801
    """A whole number."""


class ntbool(_Stamped, int):  # noqa: N801
    """A truth value; Python's own cannot be subclassed."""

    def __repr__(self) -> str:
        return repr(bool(self))


class ntstr(_Stamped, str):  # noqa: N801
    """A text."""


class ntenum(_Stamped, int):  # noqa: N801
    """A state: its number, and its label as text."""

    label: str

    def __str__(self) -> str:
        return self.label


def value_of(reading: dict[str, Any]) -> Any:
    """Give a reading as p4p gives it."""
    value, label = reading["value"], reading.get("label")
    if label is not None:
        state: Any = ntenum(value).stamped(reading)
        state.label = label
        return state
    if isinstance(value, list):
        return _array(value, reading)
    for plain, kind in ((bool, ntbool), (int, ntint), (float, ntfloat), (str, ntstr)):
        if isinstance(value, plain):
            return kind(value).stamped(reading)
    return value


def _array(values: list[Any], reading: dict[str, Any]) -> Any:
    array = runtime.as_array(values)
    if isinstance(array, list):
        return array
    import numpy

    class ntnumericarray(_Stamped, numpy.ndarray):  # noqa: N801
        """A waveform."""

        def __array_finalize__(self, origin: Any) -> None:
            for name in ("timestamp", "severity", "units"):
                setattr(self, name, getattr(origin, name, None))

    return array.view(ntnumericarray).stamped(reading)


def _plain(value: Any) -> Any:
    """Give what is to be written of a value in p4p's forms."""
    if isinstance(value, dict):
        if set(value) != {"value"}:
            msg = f"a run writes the value of a channel alone, and not its fields {sorted(value)}: put the value"
            raise ControlError(msg)
        return value["value"]
    if callable(value):
        msg = "a run puts values: compute the value first, then put it"
        raise ControlError(msg)
    if isinstance(value, ntbool):
        return bool(value)
    return value


class Context:
    """p4p's client, for its threads."""

    def __init__(self, provider: str = "pva", **_settings: Any) -> None:
        """Connect to nothing: what is asked goes to the broker, whatever provider the target has."""
        self.name = provider

    def __enter__(self) -> Context:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Nothing is held, so there is nothing to give back."""

    disconnect = close

    def get(self, name: str | Sequence[str], request: Any = None, timeout: float = 5.0, throw: bool = True) -> Any:
        """Read one channel, or several together."""
        _refuse_request(request)
        names = [name] if isinstance(name, str) else list(name)
        if throw:
            found = [value_of(reading) for reading in runtime.read_full(names)]
        else:
            found = [_attempt(one) for one in names]
        return found[0] if isinstance(name, str) else found

    def put(
        self,
        name: str | Sequence[str],
        values: Any,
        request: Any = None,
        timeout: float = 5.0,
        throw: bool = True,
        process: Any = None,
        wait: Any = None,
        get: bool = True,
    ) -> Any:
        """Ask for one write, or for several that go out together."""
        _refuse_request(request)
        if isinstance(name, str):
            runtime.write_channel(name, _plain(values))
            return None
        names, wanted = list(name), list(values)
        if len(names) != len(wanted):
            msg = f"put() got {len(names)} channels and {len(wanted)} values"
            raise ValueError(msg)
        runtime.write_channels({one: _plain(value) for one, value in zip(names, wanted)})
        return [None] * len(names)

    def rpc(self, name: str, value: Any, *_settings: Any, **_more: Any) -> Any:
        """Refuse: what a procedure does cannot be rehearsed."""
        msg = f"a run calls no remote procedure ({name}): nobody can tell in advance what it changes"
        raise ControlError(msg)

    def monitor(self, name: Any, *_settings: Any, **_more: Any) -> Any:
        """Refuse: a run has no monitors."""
        msg = "a run has no monitors: read in a loop, or use osprey.runtime.wait_until()"
        raise ControlError(msg)


class AsyncContext(Context):
    """p4p's client, for asyncio."""

    async def __aenter__(self) -> AsyncContext:
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        self.close()

    async def get(self, *names: Any, **settings: Any) -> Any:
        return super().get(*names, **settings)

    async def put(self, *names: Any, **settings: Any) -> Any:
        return super().put(*names, **settings)


def _attempt(name: str) -> Any:
    try:
        return value_of(runtime.read_full([name])[0])
    except ChannelError as exc:
        return exc


def _refuse_request(request: Any) -> None:
    """Take no field selection: what is written is judged as the value of a channel."""
    if request not in (None, "", "field(value)", "value", "field()"):
        msg = f"a run reads and writes the value of a channel, not a selection of fields ({request!r})"
        raise ControlError(msg)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(name)
    msg = (
        f"{name} does not exist in a run: use Context.get and Context.put of p4p.client.thread, "
        "or osprey.runtime (read_channel, write_channel, wait_until, archive)"
    )
    raise AttributeError(msg)
