"""Which channels the words of a subject mean: generous for what is read, exact for what would change."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs
from attrs import frozen

from osprey.agent.planning.outcome import NotPlanned, asked, described, not_understood
from osprey.control import ChannelRecord
from osprey.control.channels.directory import ChannelDirectory
from osprey.models.phrasebook import Role, Subject, closest_forms, is_plural, usual_meaning

_MOST_KINDS = 3
"""A singular subject that fits more kinds of channel than this is too vague to read."""
_MOST_BY_DESCRIPTION = 60
_SECTOR = re.compile(r"[sS]0*\d{1,3}")
_TRAILING_NUMBER = re.compile(r"\d{1,9}$")
_MEASURED = ("readback", "computed")
_POINTING = frozenset("one ones first second third last other next previous same same thing".split())  # noqa: SIM905 - reads best
"""Words that point at something which nothing here says."""
_ROLE_PREFERENCE = (_MEASURED, ("setpoint",), ("status",))


@frozen(kw_only=True)
class Found:
    """The channels of one subject."""

    label: str
    """What a person calls them."""
    records: tuple[ChannelRecord, ...]
    notes: tuple[str, ...] = ()

    @property
    def names(self) -> list[str]:
        return [record.name for record in self.records]


class Resolver:
    """Resolves the subjects of one request against one directory."""

    def __init__(self, text: str, directory: ChannelDirectory) -> None:
        self._text = text
        self._directory = directory

    def readable(self, subjects: Sequence[Subject], *, both_sides: bool = False) -> list[Found]:
        """Find what is to be read, one result a subject.

        :param both_sides: give set point and read-back where only a device was named.
        :raises NotPlanned: a subject names nothing, or is too vague.
        """
        shared, notes = self._share_sectors(subjects)
        found = [self._readable(subject, both_sides=both_sides) for subject in shared]
        return [attrs.evolve(each, notes=(*each.notes, *notes)) for each in found]

    def settable(self, subjects: Sequence[Subject]) -> Found:
        """Find the set points that a change is about, all subjects together.

        :raises NotPlanned: a subject names nothing that can be set, or could be meant in several ways.
        """
        self._refuse_shared_sectors(subjects)
        records = [record for subject in subjects for record in self._settable(subject)]
        unique = tuple({record.name: record for record in records}.values())
        return Found(label=" and ".join(_label(subject) for subject in subjects), records=unique)

    def _readable(self, subject: Subject, *, both_sides: bool) -> Found:
        notes: list[str] = []
        subject = self._with_bare_sectors(subject, notes)
        records = self._candidates(subject, notes)
        if not records and subject.words and not subject.names:
            records = self._by_description(subject, notes)
        if not records:
            raise self._unknown(subject)
        of_device = both_sides and bool(subject.names) and not subject.words
        chosen = _of_role(records, subject.roles, both_sides=of_device)
        if not chosen and subject.roles == (Role.STATUS,):
            # What has no unit and one read-back alone, such as top-up, reads its state.
            chosen = [record for record in records if record.role in _MEASURED]
            chosen = chosen if len(chosen) == 1 and not chosen[0].unit else []
        if not chosen:
            raise self._lacks_role(subject)
        if self._is_vague(subject, chosen):
            chosen = self._usual(subject, chosen, notes)
        return Found(label=_label(subject), records=tuple(chosen), notes=tuple(notes))

    def _candidates(self, subject: Subject, notes: list[str] | None) -> list[ChannelRecord]:
        """Find by names and by words of name, device, family and quantity; with notes, forgivingly."""
        self._check_sectors(subject)
        if not subject.names:
            named = self._directory.named(" ".join(subject.words)) if subject.words else []
            if not named or subject.sectors:
                return self._directory.matching(subject.words, sectors=subject.sectors)
            return named
        records = [record for name in subject.names for record in self._named(subject, name, notes)]
        if subject.words:
            # The family of 'corrector 3' belongs to the words: 'horizontal' alone means the monitors too.
            families = [name.rpartition(" ")[0].lower() for name in subject.names if " " in name]
            fitting = {record.name for record in self._directory.matching((*subject.words, *filter(None, families)))}
            records = [record for record in records if record.name in fitting]
        if subject.sectors:
            records = [record for record in records if record.sector in subject.sectors]
        return records

    def _named(self, subject: Subject, name: str, notes: list[str] | None) -> list[ChannelRecord]:
        records = self._directory.named(name) or self._counted(subject, name)
        if records:
            return records
        if len(self._directory) == 0 and any(mark in name for mark in ":/"):
            # A connector that lists nothing, such as the mock: the name alone is all there is.
            return [ChannelRecord(name=name, role="setpoint")]
        nearly = self._directory.nearly_named(name)
        if len(nearly) == 1 and notes is not None:
            notes.append(f"'{name}' is taken as {nearly[0]}")
            return self._directory.device(nearly[0])
        if nearly:
            question = f"There is no '{name}'. Is {' or '.join(nearly)} meant?"
            raise asked(self._text, subject, question, [subject.text.replace(name, each) for each in nearly])
        closest = self._directory.closest(name)
        kind = "channel" if ":" in name else "device or channel"
        raise not_understood(self._text, subject, f"There is no {kind} '{name}'.", closest)

    def _with_bare_sectors(self, subject: Subject, notes: list[str]) -> Subject:
        """Take the s4 of ``pressure s4`` as a sector, where nothing is called so and a quantity stands beside it."""
        bare = [name for name in subject.names if _SECTOR.fullmatch(name) and not self._directory.named(name)]
        if not bare or not subject.words:
            return subject
        sectors = [int(name.lstrip("sS")) for name in bare]
        notes += [f"'{name}' is taken as sector {sector}" for name, sector in zip(bare, sectors, strict=True)]
        kept = tuple(name for name in subject.names if name not in bare)
        return attrs.evolve(subject, names=kept, sectors=(*subject.sectors, *sectors))

    def _counted(self, subject: Subject, name: str) -> list[ChannelRecord]:
        """Find the device of ``ion pump 4``: by its family's words and its number; nothing if several have it."""
        word, _, number = name.rpartition(" ")
        if not word or not number.isdigit() or subject.sectors:
            return []
        fitting = self._directory.matching((*subject.words, word.lower()))
        of_number = [record for record in fitting if _number_of(record.device) == int(number)]
        return of_number if len({record.device for record in of_number}) == 1 else []

    def _by_description(self, subject: Subject, notes: list[str]) -> list[ChannelRecord]:
        records = self._directory.matching(subject.words, sectors=subject.sectors, with_descriptions=True)
        if len(records) > _MOST_BY_DESCRIPTION:
            raise not_understood(
                self._text,
                subject,
                f"'{subject.text}' fits {len(records)} channels by their descriptions; say more exactly.",
                map(described, records[:3]),
            )
        if records:
            notes.append(f"'{subject.text}' is taken as {', '.join(record.name for record in records[:5])}")
        return records

    def _settable(self, subject: Subject) -> list[ChannelRecord]:
        if any(role is not Role.SETPOINT for role in subject.roles):
            message = f"'{subject.text}' can only be read; a change needs a set point."
            raise not_understood(self._text, subject, message)
        records = self._candidates(subject, None)
        if not records and not subject.names and _POINTING.issuperset(subject.words):
            raise asked(self._text, subject, f"What is meant by '{subject.text}'? Name it.", [])
        if not records:
            raise self._unknown(subject)
        if len(subject.names) == 1 and len(records) == 1 and not subject.words:
            # A channel that was named exactly goes to the guard as it is, which knows whether it can be set.
            return records
        setpoints = [record for record in records if record.role == "setpoint"]
        if not setpoints:
            question = f"'{subject.text}' has no set point: {', '.join(r.name for r in records[:3])} can only be read."
            raise asked(self._text, subject, f"{question} What is to be changed instead?", [])
        self._refuse_ambiguous(subject, setpoints)
        return setpoints

    def _refuse_ambiguous(self, subject: Subject, setpoints: Sequence[ChannelRecord]) -> None:
        """Ask unless it is certain which devices and which of their set points are meant."""
        devices = {(record.sector, record.family, record.device) for record in setpoints}
        names = [record.name for record in setpoints]
        if len(setpoints) > len(devices):
            question = f"'{subject.text}' has several set points; which one is to be changed?"
            raise asked(self._text, subject, question, names)
        if subject.names:
            if len(devices) > len(subject.names):
                question = f"'{subject.text}' names several things; which one is to be changed?"
                raise asked(self._text, subject, question, names)
            return
        if len(devices) > 1 and not subject.is_every and not any(map(is_plural, subject.words)):
            question = f"'{subject.text}' could be any of {len(devices)} devices; which are to be changed?"
            bare = subject.text.removeprefix("the ").removeprefix("a ")
            raise asked(self._text, subject, question, [f"every {bare}", *names])
        families = dict.fromkeys(record.family for record in setpoints)
        if len(families) > 1 and not subject.is_every:
            question = f"'{subject.text}' could be {' or '.join(families)}; which are to be changed?"
            where = f" of sector {' and '.join(map(str, subject.sectors))}" if subject.sectors else ""
            raise asked(self._text, subject, question, [f"every {_family(setpoints, one)}{where}" for one in families])

    def _is_vague(self, subject: Subject, records: Sequence[ChannelRecord]) -> bool:
        if subject.names or subject.is_every or any(map(is_plural, subject.words)):
            return False
        most = 1 if usual_meaning(subject.words) else _MOST_KINDS
        return len({(record.family, record.quantity) for record in records}) > most

    def _usual(self, subject: Subject, records: Sequence[ChannelRecord], notes: list[str]) -> list[ChannelRecord]:
        """Take a vague word as it is usually meant, or ask."""
        usual = usual_meaning(subject.words)
        meant = self._directory.matching(usual, sectors=subject.sectors) if usual else []
        if usual and meant:
            notes.append(f"'{subject.text}' is taken as the {' '.join(usual)}")
            return _of_role(meant, subject.roles, both_sides=False)
        kinds: dict[tuple[str, str], list[ChannelRecord]] = {}
        for record in records:
            kinds.setdefault((record.family, record.quantity), []).append(record)
        rarest = sorted(kinds.values(), key=len)
        question = f"'{subject.text}' fits {len(records)} channels of {len(kinds)} kinds; which are meant?"
        raise asked(self._text, subject, question, [_kind_words(each[0]) for each in rarest])

    def _check_sectors(self, subject: Subject) -> None:
        known = self._directory.sectors
        for sector in subject.sectors:
            if sector not in known:
                there = f"there are {known[0]} to {known[-1]}" if known else "the channels here have no sectors"
                raise not_understood(self._text, subject, f"There is no sector {sector}: {there}.")

    def _share_sectors(self, subjects: Sequence[Subject]) -> tuple[list[Subject], list[str]]:
        """Give the sector at the end of a list to the parts before it, which have none."""
        last = subjects[-1]
        lacking = [subject for subject in subjects if not subject.sectors and not subject.names]
        if not last.sectors or not lacking:
            return list(subjects), []
        where = "sector " + " and ".join(map(str, last.sectors))
        shared = [
            attrs.evolve(subject, sectors=last.sectors) if subject in lacking else subject for subject in subjects
        ]
        return shared, [f"{where} is taken for every part of '{self._span_of(subjects)}'"]

    def _refuse_shared_sectors(self, subjects: Sequence[Subject]) -> None:
        last = subjects[-1]
        if last.sectors and any(not subject.sectors and not subject.names for subject in subjects):
            question = f"Does the sector in '{self._span_of(subjects)}' hold for every part? Name it with each."
            raise asked(self._text, last, question, [])

    def _span_of(self, subjects: Sequence[Subject]) -> str:
        return self._text[subjects[0].start : subjects[-1].end]

    def _unknown(self, subject: Subject) -> NotPlanned:
        where = f" in sector {' or '.join(map(str, subject.sectors))}" if subject.sectors else ""
        strange = [word for word in subject.words if not self._directory.knows(word)]
        near: list[str] = []
        if not subject.names and any(len(word) > 3 for word in subject.words):
            near = [described(r) for r in self._directory.search(" ".join(subject.words), limit=3)]
        if strange:
            listed = ", ".join(f"'{word}'" for word in strange)
            message = f"I did not understand {listed}: no channel here has {'it' if len(strange) == 1 else 'them'}."
        else:
            message = f"No channel{where} fits '{subject.text}'."
        return not_understood(self._text, subject, message, near or closest_forms(self._text))

    def _lacks_role(self, subject: Subject) -> NotPlanned:
        roles = " or ".join(role.value for role in subject.roles)
        return not_understood(self._text, subject, f"'{subject.text}' has no {roles}.")


def _of_role(records: Sequence[ChannelRecord], roles: Sequence[Role], *, both_sides: bool) -> list[ChannelRecord]:
    if roles:
        wanted = {role.value for role in roles}
        if Role.READBACK in roles:
            wanted.add("computed")
        return [record for record in records if record.role in wanted]
    if both_sides:
        return [record for record in records if record.role != "status"] or list(records)
    for preferred in _ROLE_PREFERENCE:
        chosen = [record for record in records if record.role in preferred]
        if chosen:
            return chosen
    return list(records)


def _number_of(device: str) -> int | None:
    found = _TRAILING_NUMBER.search(device)
    return int(found.group()) if found else None


def _kind_words(record: ChannelRecord) -> str:
    family = record.family_words[0] if record.family_words else record.family
    return f"the {record.quantity.replace('_', ' ')} of every {family}"


def _family(records: Sequence[ChannelRecord], name: str) -> str:
    """Give the words for one family among the records."""
    of_it = next(record for record in records if record.family == name)
    return of_it.family_words[0] if of_it.family_words else name


def _label(subject: Subject) -> str:
    label = subject.text
    for article in ("the ", "a ", "an "):
        label = label.removeprefix(article)
    return label
