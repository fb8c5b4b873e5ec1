"""A list of writes: shown with old and new values, edited or chosen from item by item, judged again each time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, cast

from attrs import evolve

from osprey.approval.card import Card, card_of_writes
from osprey.approval.facts import alarms_of_judgement, facts_of_judgement, require_allowed, shown_of_judgement
from osprey.approval.kinds import Revision
from osprey.approval.risk import risk_of
from osprey.control import JudgeRequest, WriteBatch, WriteItem, guard_of
from osprey.control.payload import read_document, write_document
from osprey.control.wire import from_wire_value, to_wire
from osprey.errors import RefusedError, UsageError

if TYPE_CHECKING:
    from osprey.approval.people import Identity
    from osprey.journal import RequestRow
    from osprey.project import Project

_ITEM_KEYS = frozenset({"channel", "value", "unit"})


class ChannelWriteKind:
    """The kind `channel_write`."""

    allows_partial: ClassVar[bool] = True

    def card(self, row: RequestRow) -> Card:
        return card_of_writes(row)

    def editable(self, row: RequestRow) -> dict[str, Any]:
        writes = read_document(row.document)
        return {
            "groups": [
                [{"channel": item.channel, "value": to_wire(item.value), "unit": item.unit} for item in group]
                for group in writes.groups
            ]
        }

    async def revise(self, project: Project, row: RequestRow, edited: Any, identity: Identity) -> Revision:
        batch = evolve(read_document(row.document).batch, groups=_groups(edited))
        return await _judged(project, row, batch, identity)

    async def select(self, project: Project, row: RequestRow, chosen: Sequence[int], identity: Identity) -> Revision:
        batch = read_document(row.document).batch
        numbered = dict(enumerate((i for g in batch.groups for i in g), start=1))
        unknown = [number for number in chosen if number not in numbered]
        if unknown or not chosen:
            msg = f"request {row.id} has the items 1 to {len(numbered)}; name some of them, not {unknown or 'none'}"
            raise UsageError(msg)
        wanted, number, groups = set(chosen), 0, list[tuple[WriteItem, ...]]()
        for group in batch.groups:
            kept = tuple(item for place, item in enumerate(group, start=number + 1) if place in wanted)
            number += len(group)
            if kept:
                groups.append(kept)
        return await _judged(project, row, evolve(batch, groups=tuple(groups)), identity)


async def _judged(project: Project, row: RequestRow, batch: WriteBatch, identity: Identity) -> Revision:
    judgement = await guard_of(project).judge(JudgeRequest(batch=batch, actor=identity.actor))
    require_allowed(judgement)
    return Revision(
        document=write_document(judgement, alarms=alarms_of_judgement(judgement)),
        title=row.title,
        risk=risk_of(judgement),
        facts=facts_of_judgement(judgement, row.kind),
        shown=shown_of_judgement(judgement),
        judgement=judgement,
    )


def _groups(edited: Any) -> tuple[tuple[WriteItem, ...], ...]:
    groups: Any = cast("Mapping[str, Any]", edited).get("groups") if isinstance(edited, Mapping) else None
    if not isinstance(groups, list) or not all(isinstance(group, list) for group in cast("list[Any]", groups)):
        msg = "an edited list of writes is {groups: [[{channel, value, unit}, ...], ...]}"
        raise UsageError(msg)
    kept = [tuple(_item(item) for item in group) for group in cast("list[list[Any]]", groups) if group]
    if not kept:
        raise RefusedError("there is nothing left to write: reject the request instead", rule="batch.empty")
    return tuple(kept)


def _item(item: Any) -> WriteItem:
    if not isinstance(item, dict) or not {"channel", "value"} <= set(cast("dict[str, Any]", item)) <= _ITEM_KEYS:
        msg = f"an item is {{channel, value, unit}}, not {item!r}"
        raise UsageError(msg)
    given = cast("dict[str, Any]", item)
    try:
        value = from_wire_value(given["value"])
    except (TypeError, LookupError) as exc:
        msg = f"{given['channel']}: {given['value']!r} is no value of a channel"
        raise UsageError(msg) from exc
    return WriteItem(channel=str(given["channel"]), value=value, unit=given.get("unit") or None)
