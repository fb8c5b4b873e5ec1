"""What is known of each approved write while its request is carried out: the report and the receipts come of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from osprey.control.guard.judging import Refusal, Verdict
from osprey.control.guard.readback import Seen
from osprey.control.payload import ApprovedWrites
from osprey.control.requests import ItemReport
from osprey.control.values import Outcome
from osprey.control.wire import to_wire
from osprey.journal import Receipt

_NOT_YET: Final = Seen(outcome=Outcome.UNREQUESTED)


class Progress:
    """The writes of one request, by group and place."""

    def __init__(self, writes: ApprovedWrites) -> None:
        self._writes = writes
        self._seen: list[list[Seen]] = [[_NOT_YET] * len(group) for group in writes.groups]

    def note(self, number: int, seen: Sequence[Seen]) -> None:
        """Note what became of every write of a group."""
        self._seen[number] = list(seen)

    def note_all(self, number: int, outcome: Outcome, reason: str) -> None:
        """Note the same of every write of a group."""
        self._seen[number] = [Seen(outcome=outcome, reason=reason)] * len(self._seen[number])

    def note_refusals(self, number: int, verdicts: Sequence[Verdict]) -> Refusal | None:
        """Note that a group was refused just before its put, so that nothing of it is sent; give the first reason."""
        refused: Mapping[int, Refusal] = {v.case.index: v.refusal for v in verdicts if v.refusal is not None}
        if not refused:
            return None
        self.note_all(number, Outcome.UNREQUESTED, "another write of its group was refused")
        for place, refusal in refused.items():
            self._seen[number][place] = Seen(outcome=Outcome.REFUSED, reason=f"{refusal.reason} [{refusal.rule}]")
        return next(iter(refused.values()))

    def is_confirmed(self, number: int) -> bool:
        """Tell whether every write of a group was confirmed."""
        return all(seen.outcome is Outcome.CONFIRMED for seen in self._seen[number])

    def receipts(self, number: int) -> list[Receipt]:
        """Give what the ledger is told of a group."""
        return [_receipt(number, place, seen) for place, seen in enumerate(self._seen[number])]

    def items(self) -> tuple[ItemReport, ...]:
        """Give what the report says of every write."""
        return tuple(
            ItemReport(
                name=item.channel,
                group=number,
                index=place,
                value=item.value,
                before=item.before,
                outcome=seen.outcome,
                readback=seen.reading.value if seen.reading else None,
                severity=seen.reading.severity if seen.reading else None,
                reason=seen.reason,
            )
            for number, group in enumerate(self._writes.groups)
            for place, (item, seen) in enumerate(zip(group, self._seen[number], strict=True))
        )


def _receipt(number: int, place: int, seen: Seen) -> Receipt:
    return Receipt(
        group=number,
        index=place,
        outcome=seen.outcome.value,
        readback=to_wire(seen.reading.value) if seen.reading else None,
        reason=seen.reason,
    )
