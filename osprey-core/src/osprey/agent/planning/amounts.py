"""Amounts in a channel's own unit, with a sentence for everything that was converted or assumed."""

from __future__ import annotations

from attrs import frozen

from osprey.agent.planning.outcome import not_understood
from osprey.control import ChannelRecord
from osprey.models.phrasebook import Amount, UnitMismatchError, convert, find_unit, similar_units


@frozen(kw_only=True)
class ChannelAmount:
    """A number in a unit; `is_own` is False if the unit is not the channel's and does not convert to it."""

    value: float
    unit: str | None
    is_own: bool = True


def in_unit_of(text: str, record: ChannelRecord, amount: Amount, notes: list[str]) -> ChannelAmount:
    """Convert an amount by the table; what cannot be converted is left for the guard to refuse.

    :raises NotPlanned: the unit is a word that is no unit.
    """
    own = record.unit or None
    if amount.unit is None:
        if own is not None:
            _note(notes, f"{amount.text} is taken in {own}, the unit of the channel")
        return ChannelAmount(value=amount.value, unit=own)
    if own is not None:
        try:
            value = convert(amount.text, amount.unit, own)
        except UnitMismatchError:
            pass
        else:
            if amount.unit != own:
                _note(notes, f"{amount.text} {amount.unit} = {value:.12g} {own}")
            return ChannelAmount(value=value, unit=own)
    if find_unit(amount.unit) is None and amount.unit != own:
        raise not_understood(text, None, _unknown_unit(amount.unit, record), similar_units(amount.unit))
    return ChannelAmount(value=amount.value, unit=amount.unit, is_own=False)


def said(amount: Amount) -> str:
    """Give an amount as a person writes it."""
    return f"{amount.text} {amount.unit}" if amount.unit else amount.text


def _unknown_unit(unit: str, record: ChannelRecord) -> str:
    similar = similar_units(unit)
    if similar:
        return f"The unit '{unit}' could be {' or '.join(similar)}; write it exactly."
    own = f"{_name(record)} is set in {record.unit}" if record.unit else f"{_name(record)} has no unit"
    return f"'{unit}' is not a unit that I know; {own}."


def _name(record: ChannelRecord) -> str:
    return record.device or record.name


def _note(notes: list[str], note: str) -> None:
    if note not in notes:
        notes.append(note)
