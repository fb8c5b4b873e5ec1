"""Description and fresh value in one exchange: what the guard asks of a thousand channels just before it writes.

`DBR_CTRL` carries a record's value, severity, unit, labels and, for the kinds below, its drive limits, all of one
moment. What it does not carry (the record's own name, its kind, its text) is fixed while the IOC runs, so it is
asked once a connection and forgotten with it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from attrs import evolve, frozen

from osprey.control import Bounds, ChannelInfo, DType, Fault, Reading, ReadResult
from osprey_epics.batch import Failure, Request, Surveyed
from osprey_epics.channel import Channel
from osprey_epics.dbr import (
    Native,
    alarm_text,
    control_limits,
    control_value,
    decode_control,
    facts_of,
    severity_of,
    standing,
)
from osprey_epics.names import parse_name
from osprey_epics.readings import fault_of
from osprey_epics.record_facts import WITH_CONTROL_LIMITS, WITHOUT_DRIVE_LIMITS, RecordFacts

_MOST_KNOWN: Final = 65_536
_PADDED: Final = (Native.FLOAT, Native.DOUBLE)


@frozen
class Known:
    """A channel as this connection has described it."""

    channel: Channel
    epoch: int
    has_limits: bool
    """True if the control limits of its record are its drive limits."""
    facts: bytes
    """Of the answer that `info` was made of, all but value and alarm."""
    info: ChannelInfo


Answer = tuple[ChannelInfo | Fault, ReadResult]


class KnownChannels:
    """What was learnt of channels, each as long as its connection lasts."""

    def __init__(self) -> None:
        self._known: dict[str, Known] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._known

    def answer(self, request: Request) -> Answer | None:
        """Give what a survey says of one channel; None if it has to be described first."""
        told, known = request.result, self._known.get(request.name)
        if told is None or isinstance(told, Failure):
            fault = fault_of(request)
            return fault, fault
        if known is None or not isinstance(told, Surveyed):
            return None
        if known.channel is not request.channel or known.epoch != told.epoch:
            del self._known[request.name]
            return None
        facts = meaning_of(told)
        if facts != known.facts or told.is_writable is not known.info.writable:
            known = _renewed(known, told, facts)
            self._known[request.name] = known
        return known.info, _reading_of(known.info, told)

    def learn(self, requests: Sequence[Request], infos: Sequence[ChannelInfo | Fault], facts: RecordFacts) -> None:
        """Keep what was described of channels that a survey has reached, where one answer can renew it."""
        if len(self._known) + len(requests) > _MOST_KNOWN:
            self._known.clear()
        for request, info in zip(requests, infos, strict=True):
            told, channel = request.result, request.channel
            if not isinstance(info, ChannelInfo) or not isinstance(told, Surveyed) or channel is None:
                continue
            name = parse_name(request.name)
            kind = facts.kind(name.record)
            has_limits = kind in WITH_CONTROL_LIMITS
            is_plain = name.is_value_field and not name.modifier and channel.is_scalar and info.name is not None
            if is_plain and info.dtype is not DType.STR and (has_limits or kind in WITHOUT_DRIVE_LIMITS):
                known = Known(channel, told.epoch, has_limits, b"", info)
                self._known[request.name] = _renewed(known, told, meaning_of(told))


def meaning_of(told: Surveyed) -> bytes:
    """Give what an answer says of its channel, apart from value and alarm.

    Behind the precision stand two bytes of padding, which a server leaves as they were: they say nothing.
    """
    facts = facts_of(told.native, told.raw)
    return facts[:2] + facts[4:] if told.native in _PADDED else facts


def _renewed(known: Known, told: Surveyed, facts: bytes) -> Known:
    control = decode_control(told.native, told.raw)
    info = evolve(
        known.info,
        unit=control.unit,
        precision=control.precision,
        display=control.display,
        warning=control.warning,
        alarm=control.alarm,
        labels=control.labels,
        drive=control_limits(told.native, told.raw) if known.has_limits else Bounds(),
        writable=told.is_writable,
    )
    return evolve(known, facts=facts, info=info)


def _reading_of(info: ChannelInfo, told: Surveyed) -> Reading:
    status, severity = standing(told.raw)
    value = control_value(told.native, told.raw)
    is_state = info.dtype is DType.ENUM
    return Reading(
        channel=info.channel,
        value=value,
        dtype=info.dtype,
        unit=info.unit,
        severity=severity_of(severity),
        alarm=alarm_text(status),
        label=info.labels[int(value)] if is_state and value < len(info.labels) else None,
        received_ns=told.received_ns,
        quality=f"STAT {status} SEVR {severity}",
    )
