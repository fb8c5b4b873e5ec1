"""What records say about themselves: their names, their kinds, their texts, their drive limits.

Channel Access has no answer for "there is no such field"; it is silent. A silence is never taken for an answer by
itself: what a record of its kind has, and did not come, is a fault. What may be missing (any field of a server that
has no records, the drive limits of a kind that is not known) is missing only if it was searched for with patience
and the server was alive afterwards.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import Final

from osprey.control import Bounds
from osprey_epics.batch import Ask, Request
from osprey_epics.dbr import Sample
from osprey_epics.names import ChannelName
from osprey_epics.readings import text_of

_WITH_DRIVE_LIMITS: Final = frozenset({"ao", "longout", "int64out", "epid"})
_KINDS_OF_EPICS_BASE = """
ai aai aao aSub bi bo calc calcout compress dfanout event fanout histogram int64in longin lsi lso mbbi
mbbiDirect mbbo mbboDirect permissive printf sel seq state stringin stringout sub subArray waveform
"""
WITHOUT_DRIVE_LIMITS: Final = frozenset((*_KINDS_OF_EPICS_BASE.split(), "busy", "motor"))
WITH_CONTROL_LIMITS: Final = frozenset({"ao", "longout", "int64out"})
"""Kinds of records that give DRVL and DRVH as the control limits of their value (`get_control_double`)."""
_LENGTHS: Final = {"waveform": "NELM", "aai": "NELM", "aao": "NELM", "subArray": "MALM", "compress": "NSAM"}
"""The field in which a kind of record says how many elements its value holds at most."""
_SHORT_NAME: Final = 39
"""The most that a field read as a string can hold; a name of that length may have been cut."""
_PATIENCE_S: Final = 2.0
"""So long a field that may be missing is searched for; libca asks seven times in it."""
_DRIVE: Final = ("DRVL", "DRVH")
_OF_EVERY_RECORD: Final = ("NAME$", "RTYP")

Sender = Callable[[Sequence[Request], float], Awaitable[None]]
"""Sends requests as one batch; returns when all are answered, after so many seconds, or at its own deadline."""


class RecordFacts:
    """What the records of some channels say; asked once a record, however many of its fields are named."""

    def __init__(self, names: Iterable[ChannelName], *, asks_lengths: bool = False) -> None:
        """Make it.

        :param asks_lengths: the protocol itself does not tell how many elements an array may have.
        """
        self._lengths = _LENGTHS if asks_lengths else {}
        self._records = tuple(dict.fromkeys(name.record for name in names))
        self._requests: dict[tuple[str, str], Request] = {}
        self._proved_missing: set[tuple[str, str]] = set()

    async def ask(self, send: Sender) -> None:
        """Ask what every record of an IOC has."""
        fields = (*_OF_EVERY_RECORD, "DESC")
        await self._ask(send, ((record, field) for record in self._records for field in fields), float("inf"))

    async def ask_further(self, send: Sender, unlimited: set[str]) -> None:
        """Ask what depends on the first answers.

        :param unlimited: kinds of records that were found to have no drive limits; added to.
        """
        # Servers older than EPICS 3.14.11 do not know the long form of a field.
        wanted = [(r, "NAME") for r in self._records if self._text(r, "RTYP") and not self._text(r, "NAME$")]
        wanted += [(r, f) for r in self._records if self.kind(r) in _WITH_DRIVE_LIMITS for f in _DRIVE]
        wanted += [(r, self._lengths[self.kind(r)]) for r in self._records if self.kind(r) in self._lengths]
        await self._ask(send, wanted, float("inf"))
        doubtful = [(r, f) for r in self._records for f in self._what_may_be_missing(r, unlimited)]
        if doubtful:
            await self._ask(send, doubtful, _PATIENCE_S)
            await self._prove(send, doubtful, unlimited)

    def _what_may_be_missing(self, record: str, unlimited: set[str]) -> Iterator[str]:
        kind = self.kind(record)
        if not kind:
            yield from () if self._text(record, "NAME$") else _OF_EVERY_RECORD
        elif kind not in _WITH_DRIVE_LIMITS | WITHOUT_DRIVE_LIMITS | unlimited:
            yield from _DRIVE

    async def _prove(self, send: Sender, doubtful: Sequence[tuple[str, str]], unlimited: set[str]) -> None:
        """Ask the servers of silent records for a sign of life, without which their silence says nothing."""
        silent = {key for key in doubtful if self._requests[key].result is None}
        questions = {r: Request(r, Ask.LIFE) for r in self._records if {k for k in doubtful if k[0] == r} <= silent}
        questions = {record: question for record, question in questions.items() if any(r == record for r, _ in silent)}
        if not questions:
            return
        await send(tuple(questions.values()), float("inf"))
        for record, question in questions.items():
            if not isinstance(question.result, Sample):
                continue
            self._proved_missing |= {key for key in silent if key[0] == record}
            if self.kind(record):
                unlimited.add(self.kind(record))

    async def _ask(self, send: Sender, fields: Iterable[tuple[str, str]], patience_s: float) -> None:
        requests = {key: Request(".".join(key), Ask.FIELD) for key in fields}
        self._requests.update(requests)
        await send(tuple(requests.values()), patience_s)

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

    def what_did_not_come(self, record: str) -> str:
        """Name the field without which the record must not be described; empty if nothing is owed."""
        if not self._is_known(record, "RTYP"):
            return "RTYP"
        if self.name(record) is None and not self._is_known(record, "NAME$") and not self._is_known(record, "NAME"):
            return "NAME"
        for field in (*_DRIVE, *self._lengths.values()):
            if (record, field) in self._requests and not self._is_known(record, field):
                return field
        return ""

    def _is_known(self, record: str, field: str) -> bool:
        """True if the field was told, or is proved missing."""
        request = self._requests.get((record, field))
        was_told = request is not None and isinstance(request.result, Sample)
        return was_told or (record, field) in self._proved_missing

    def name(self, record: str) -> str | None:
        """Give the record's own name; None if it has none, or too long a one to be told whole."""
        short = self._text(record, "NAME")
        return self._text(record, "NAME$") or (short if len(short) < _SHORT_NAME else None) or None

    def kind(self, record: str) -> str:
        """Give the record's type, empty if it did not say."""
        return self._text(record, "RTYP")

    def description(self, record: str) -> str:
        """Give the record's own description."""
        return self._text(record, "DESC")

    def length(self, record: str) -> int | None:
        """Give how many elements the record's value holds at most; None if it is no array, or was not asked."""
        field = self._lengths.get(self.kind(record))
        length = None if field is None else self._number(record, field)
        return None if length is None else int(length)

    def drive(self, record: str) -> Bounds:
        """Give the record's drive limits.

        Records clip only if DRVH is greater than DRVL (`aoRecord.c`, `longoutRecord.c`); both at 0 is how a
        record says that it has none.
        """
        low, high = self._number(record, "DRVL"), self._number(record, "DRVH")
        if low is None or high is None or not high > low:
            return Bounds()
        return Bounds(low, high)
