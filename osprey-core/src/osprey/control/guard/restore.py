"""The way back from a list that stopped half-way: the old values of what was carried out, last first.

Nothing is sent here. It is a batch that a person may ask for: it is judged, shown and approved as any other.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from osprey.control.comparison import is_finite
from osprey.control.payload import ApprovedItem, ApprovedWrites
from osprey.control.requests import ItemReport, WriteBatch, WriteItem
from osprey.control.values import Outcome

_CARRIED_OUT: Final = frozenset({Outcome.CONFIRMED, Outcome.MISMATCH})


def restore_of(writes: ApprovedWrites, items: Sequence[ItemReport]) -> WriteBatch | None:
    """Give the batch that brings back what was changed; None if nothing was, or all was done as approved.

    What is in doubt is left out: its channel is closed until a person has settled it. So is a command, and a
    value that no channel can be set to (NaN): there is no way back from those.
    """
    if all(item.outcome is Outcome.CONFIRMED for item in items):
        return None
    carried = {(item.group, item.index) for item in items if item.outcome in _CARRIED_OUT}
    groups = [
        [
            old
            for place, item in enumerate(group)
            if (number, place) in carried and (old := _old_value(item)) is not None
        ]
        for number, group in enumerate(writes.groups)
    ]
    backwards = tuple(tuple(reversed(group)) for group in reversed(groups) if group)
    if not backwards:
        return None
    return WriteBatch(target=writes.target, groups=backwards, settle_s=writes.settle_s)


def _old_value(item: ApprovedItem) -> WriteItem | None:
    if item.before is None or item.before == item.value or not is_finite(item.before):
        return None
    return WriteItem(channel=item.channel, value=item.before, unit=item.unit or None)
