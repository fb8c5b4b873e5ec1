"""What a record says about itself: its name, its kind, its text, its drive limits.

Channel Access has no answer for "there is no such field"; it is silent. So nothing that may be missing is
asked unless the kind of record says that it is there, or, for a kind that is not known, it is waited for.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Final

from osprey.control import Bounds, ChannelInfo, DType, Fault
from osprey_epics.batch import Ask, Done, Request
from osprey_epics.channel import Channel
from osprey_epics.dbr import DTYPES, Control, Native, Sample
from osprey_epics.names import ChannelName, parse_name
from osprey_epics.readings import TextChannels, fault_of, text_of

_WITH_DRIVE_LIMITS: Final = frozenset({"ao", "longout", "int64out", "epid"})
_KINDS_OF_EPICS_BASE = """
ai aai aao aSub bi bo calc calcout compress dfanout event fanout histogram int64in longin lsi lso mbbi
mbbiDirect mbbo mbboDirect permissive printf sel seq state stringin stringout sub subArray waveform
"""
_WITHOUT_DRIVE_LIMITS: Final = frozenset((*_KINDS_OF_EPICS_BASE.split(), "busy", "motor"))
_SHORT_NAME: Final = 39
"""The most that a field read as a string can hold; a name of that length may have been cut."""

Sender = Callable[[Sequence[Request]], Awaitable[None]]
"""Sends requests as one batch, and returns when all are answered or its deadline has passed."""


class RecordFacts:
    """What the records of some channels say; asked once a record, however many of its fields are named."""

    def __init__(self, names: Iterable[ChannelName]) -> None:
        self._records = tuple(dict.fromkeys(name.record for name in names))
        self._requests: dict[tuple[str, str], Request] = {}

    async def ask(self, send: Sender) -> None:
        """Ask what every record of an IOC has."""
        await self._ask(send, ((record, field) for record in self._records for field in ("NAME$", "RTYP", "DESC")))

    async def ask_further(self, send: Sender, unlimited: set[str]) -> None:
        """Ask what depends on the first answers.

        :param unlimited: kinds of records that were found to have no drive limits; added to.
        """
        wanted = [
            (record, field)
            for record in self._records
            if self._has_drive_limits(record, unlimited)
            for field in ("DRVL", "DRVH")
        ]
        # Servers older than EPICS 3.14.11 do not know the long form of a field.
        wanted += [(r, "NAME") for r in self._records if self._text(r, "RTYP") and not self._text(r, "NAME$")]
        await self._ask(send, wanted)
        for record in self._records:
            kind = self._text(record, "RTYP")
            if kind not in _WITH_DRIVE_LIMITS and self._is_silent(record, "DRVL") and self._is_silent(record, "DRVH"):
                unlimited.add(kind)

    async def _ask(self, send: Sender, fields: Iterable[tuple[str, str]]) -> None:
        requests = {key: Request(".".join(key), Ask.FIELD) for key in fields}
        self._requests.update(requests)
        await send(tuple(requests.values()))

    def _has_drive_limits(self, record: str, unlimited: set[str]) -> bool:
        kind = self._text(record, "RTYP")
        return bool(kind) and kind not in _WITHOUT_DRIVE_LIMITS and kind not in unlimited

    def _is_silent(self, record: str, field: str) -> bool:
        request = self._requests.get((record, field))
        return request is not None and request.result is None

    def _text(self, record: str, field: str) -> str:
        request = self._requests.get((record, field))
        if request is None or not isinstance(request.result, Sample):
            return ""
        return text_of(request.result)

    def _number(self, record: str, field: str) -> float | None:
        request = self._requests.get((record, field))
        if request is None or not isinstance(request.result, Sample):
            return None
        value = request.result.value
        return None if isinstance(value, str) else float(value)

    def name(self, record: str) -> str | None:
        """Give the record's own name; None if it did not say."""
        short = self._text(record, "NAME")
        return self._text(record, "NAME$") or (short if len(short) < _SHORT_NAME else None) or None

    def description(self, record: str) -> str:
        """Give the record's own description."""
        return self._text(record, "DESC")

    def drive(self, record: str) -> Bounds:
        """Give the record's drive limits.

        Records clip only if DRVH is greater than DRVL (`aoRecord.c`, `longoutRecord.c`); both at 0 is how a
        record says that it has none.
        """
        low, high = self._number(record, "DRVL"), self._number(record, "DRVH")
        if low is None or high is None or not high > low:
            return Bounds()
        return Bounds(low, high)


def info_of(main: Request, access: Request, facts: RecordFacts, text_channels: TextChannels) -> ChannelInfo | Fault:
    """Put together what is known of one channel."""
    if not isinstance(main.result, Control) or main.channel is None:
        return fault_of(main)
    name = parse_name(main.name)
    control, channel = main.result, main.channel
    dtype, shape = _type_of(channel, is_text=main.name in text_channels)
    is_plain_value = name.is_value_field and not name.modifier
    return ChannelInfo(
        channel=main.name,
        name=facts.name(name.record),
        field=name.field,
        is_value_field=name.is_value_field,
        has_modifier=bool(name.modifier),
        dtype=dtype,
        shape=shape,
        unit=control.unit,
        precision=control.precision,
        description=facts.description(name.record),
        drive=facts.drive(name.record) if is_plain_value else Bounds(),
        display=control.display,
        warning=control.warning,
        alarm=control.alarm,
        labels=control.labels,
        writable=isinstance(access.result, Done) and access.result.is_writable,
    )


def _type_of(channel: Channel, *, is_text: bool) -> tuple[DType, tuple[int, ...]]:
    if is_text and channel.native is Native.CHAR:
        return DType.STR, ()
    return DTYPES[channel.native], () if channel.is_scalar else (channel.capacity,)


def requests_for(names: Sequence[str]) -> tuple[list[Request], list[Request]]:
    """Make the requests for the channels themselves, and for what may be done to them."""
    return [Request(name, Ask.CONTROL) for name in names], [Request(name, Ask.ACCESS) for name in names]
