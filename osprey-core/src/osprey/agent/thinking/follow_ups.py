"""What a message means that leans on earlier turns, without a model: the same span, that device, and the next sector.

What is only read is taken as it is most plainly meant, and said. What would change something is taken only where one
thing alone can be meant; else it is asked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, cast

from attrs import frozen

from osprey.agent.planner import plan_request
from osprey.agent.thinking.conversation import PastTurn, recent
from osprey.agent.thinking.references import Reference, find_reference, names_of
from osprey.control.channels.directory import ChannelDirectory
from osprey.models.phrasebook import (
    STATISTIC_PHRASES,
    Change,
    Clarification,
    NotUnderstood,
    Phrase,
    Plot,
    Read,
    ReadThen,
    Scan,
    Set,
    Span,
    Statistics,
    Subject,
    parse,
    parse_span,
)

_LONGEST: Final = 500
"""Characters; a message of more says by itself what it means."""
_SAME_SPAN: Final = re.compile(
    r"(?:\b(?:for|over|in|during|at|within|across)\s+)?(?:\bthe\s+)?\bsame\s+"
    r"(?:time\s+(?:range|span|period|interval|window)|time|range|span|period|interval|window)\b",
    re.IGNORECASE,
)
_NEXT: Final = re.compile(
    r"(?:and|also|then|now|ok|okay|so)?[\s,]*(?:please\s+)?"
    r"(?:what about|how about|(?:do\s+)?(?:the )?same(?: thing)?|and|also)?[\s,]*"
    r"(?:for\s+|of\s+|with\s+)?(?P<rest>.+)",
    re.IGNORECASE | re.DOTALL,
)
_LEANS: Final = re.compile(
    r"\s*(?:and|also|what about|how about|(?:please\s+)?(?:do\s+)?the same|now|then|same)\b", re.IGNORECASE
)
_KIND: Final = "|".join(sorted(map(re.escape, STATISTIC_PHRASES), key=len, reverse=True))
_FIGURES: Final = re.compile(
    rf"(?:the\s+)?(?P<kinds>(?:{_KIND})(?:(?:\s+and\s+|\s*,\s*)(?:{_KIND}))*)\s*(?P<rest>.*)", re.IGNORECASE
)
_SECTOR: Final = re.compile(r"(?:in\s+)?sectors?\s+(?P<number>\d{1,3})", re.IGNORECASE)
_PLANE: Final = re.compile(
    r"(?:in\s+)?(?:the\s+)?(?:(?P<plane>horizontal|vertical|x|y)(?:\s+(?:ones?|plane))?)", re.IGNORECASE
)
_READS: Final = re.compile(r"(?:read|show|get|give|tell|display|what|how)\b", re.IGNORECASE)
_OTHER_PLANE: Final = {"horizontal": "vertical", "vertical": "horizontal", "x": "y", "y": "x"}
_SAME_PLANE: Final = {"horizontal": "x", "vertical": "y", "x": "horizontal", "y": "vertical"}


@frozen(kw_only=True)
class Rewritten:
    """A request that stands by itself, in place of one that leaned on earlier turns."""

    text: str
    notes: tuple[str, ...]
    """What stands for what; a person sees it with the plan."""


@frozen(kw_only=True)
class Reading:
    """What a rewritten request is read with."""

    target: str
    """Names of channels are taken from turns on this target alone; on another they may be something else."""
    directory: ChannelDirectory
    now_ns: int
    time_zone: str


def leans_on_history(text: str) -> bool:
    """Say if a message clearly points at an earlier turn, so that it must not be read by itself first."""
    return bool(_SAME_SPAN.search(text) or find_reference(text, bare=False))


def resolve_follow_up(text: str, history: Sequence[PastTurn], reading: Reading) -> Rewritten | Clarification | None:
    """Put what a message points at into it; None if it points at nothing that is there."""
    if not history or len(text) > _LONGEST:
        return None
    written, notes = _with_span(text, recent(history))
    turns = [turn for turn in recent(history) if turn.target == reading.target]
    reference = find_reference(written)
    if reference is not None:
        return _with_reference(written, reference, turns, reading, notes)
    if turns and _LEANS.match(text):
        # A turn that came to nothing is passed over: what it leaned on itself is still there.
        before = next((turn for turn in reversed(turns) if turn.plan is not None), turns[-1])
        continued = _continued(written, before, reading, notes)
        if continued is not None:
            return continued
    return Rewritten(text=written, notes=notes) if written != text else None


def span_of(turn: PastTurn) -> tuple[int, int] | None:
    """Give the span of time that a turn looked at, in nanoseconds since 1970; None if it named none."""
    for step in reversed(turn.steps):
        for given in (step.parameters, step.parameters.get("params")):
            if span := _span_in(given):
                return span
    return next((span for context in turn.contexts.values() if (span := _span_in(context))), None)


def _span_in(given: Any) -> tuple[int, int] | None:
    if not isinstance(given, Mapping):
        return None
    about = cast("Mapping[str, Any]", given)
    start, end = about.get("start_ns"), about.get("end_ns")
    if type(start) is int and type(end) is int and start < end:
        return start, end
    return None


def _with_span(text: str, turns: Sequence[PastTurn]) -> tuple[str, tuple[str, ...]]:
    """Write the last span that was looked at in place of `the same time range`."""
    said = _SAME_SPAN.search(text)
    span = next((found for turn in reversed(turns) if (found := span_of(turn))), None)
    if said is None or span is None:
        return text, ()
    try:
        begin, end = (_instant(ns) for ns in span)
    except (ValueError, OverflowError, OSError):
        return text, ()
    written = f"{text[: said.start()]} from {begin} to {end} {text[said.end() :]}"
    return " ".join(written.split()), (f"'{said.group().strip()}' is taken as {begin} to {end}",)


def _instant(ns: int) -> str:
    return f"{datetime.fromtimestamp(ns // 10**9, tz=UTC):%Y-%m-%dT%H:%M:%S}Z"


def _with_reference(
    text: str, reference: Reference, turns: Sequence[PastTurn], reading: Reading, notes: tuple[str, ...]
) -> Rewritten | Clarification | None:
    """Write the channels of an earlier turn in place of `it`, `that corrector`, `those`."""
    for ago, turn in enumerate(reversed(turns), start=1):
        channels = reference.among(turn.channels, reading.directory)
        if not channels:
            continue
        devices = names_of(channels, reading.directory, as_devices=True)
        written = reference.replaced(_listing(devices), text)
        is_change = isinstance(_read(written, reading), Change)
        as_devices = is_change or reference.is_possessive
        names = devices if as_devices else names_of(channels, reading.directory, as_devices=False)
        if is_change and (len(names) > 1 or ago > 1):
            return _ask_which(text, reference, names)
        if len(names) > 1 and reference.is_singular:
            return _ask_which(text, reference, names)
        written = reference.replaced(_listing(names), text)
        return Rewritten(text=written, notes=(*notes, f"'{reference.text}' is taken as {_listing(names)}"))
    return None


def _ask_which(text: str, reference: Reference, names: Sequence[str]) -> Clarification:
    shown = names[:6]
    more = f" ({len(names)} are possible, the first {len(shown)} are shown)" if len(names) > len(shown) else ""
    choices = [reference.replaced(name, text) for name in shown]
    if 1 < len(names) <= len(shown) and not reference.is_singular:
        choices.insert(0, reference.replaced(_listing(names), text))
    return Clarification(text=text, question=f"What is meant by '{reference.text}'?{more}", choices=tuple(choices))


def _continued(
    text: str, before: PastTurn, reading: Reading, notes: tuple[str, ...]
) -> Rewritten | Clarification | None:
    """Ask the last request again about something else: `and in sector 3?`, `and the vertical one?`, `and HCM05?`."""
    rest, span = _split_span(text)
    matched = _NEXT.fullmatch(rest.strip().rstrip("?.! "))
    if matched is None:
        return None
    wanted = matched["rest"].strip()
    phrase = _read(before.meaning, reading)
    subjects = _subjects(phrase)
    if _is_request(wanted, reading) and not (subjects and _FIGURES.fullmatch(wanted)):
        return Rewritten(text=wanted, notes=notes)
    if phrase is None or not subjects:
        return None
    first, last = subjects[0], subjects[-1]
    old = before.meaning[first.start : last.end]
    if (looked := _looked_again(wanted, old, phrase, reading)) is not None:
        return Rewritten(text=looked, notes=(*notes, f"'{text.strip()}' is taken as '{looked}'"))
    new = _other(old, wanted, reading.directory)
    if new is None or new == old:
        return None
    written = f"{before.meaning[: first.start]}{new}{before.meaning[last.end :]}"
    if span:
        written = _respanned(written, phrase, span)
    if isinstance(phrase, Change):
        if not _can_be_planned(written, reading):
            return None
        question = f"Is the change '{before.meaning[:200]}' meant, for {new} now?"
        return Clarification(text=text, question=question, choices=(written,))
    return Rewritten(text=written, notes=(*notes, f"'{text.strip()}' is taken as '{written}'"))


def _looked_again(wanted: str, old: str, phrase: Phrase, reading: Reading) -> str | None:
    """Look at the same in another way: ``and the average over the last hour?``, ``and yesterday?``."""
    if isinstance(phrase, Change):
        return None
    if figures := _FIGURES.fullmatch(wanted):
        written = f"{figures['kinds']} of {old} {figures['rest']}".strip()
        return written if isinstance(_read(written, reading), Statistics) else None
    then = f"what was {old} {wanted}"
    if isinstance(_read(then, reading), ReadThen):
        return then
    span = parse_span(wanted, now_ns=reading.now_ns, time_zone=reading.time_zone)
    if not isinstance(span, Span):
        return None
    if (before := getattr(phrase, "span", None)) is not None:
        return phrase.text.replace(before.text, span.text) if phrase.text.count(before.text) == 1 else None
    return f"{'plot ' if isinstance(phrase, Plot) else ''}{old} {wanted}"


def _can_be_planned(text: str, reading: Reading) -> bool:
    phrase = _read(text, reading)
    if phrase is None:
        return False
    zone = reading.time_zone
    outcome = plan_request(phrase, reading.directory, now_ns=reading.now_ns, time_zone=zone)
    return not isinstance(outcome, NotUnderstood)


def _is_request(text: str, reading: Reading) -> bool:
    """Say if a message is a whole request once its `and` is gone: `and plot HCM05`, but not `and HCM05`."""
    phrase = _read(text, reading)
    return phrase is not None and (not isinstance(phrase, Read) or bool(_READS.match(text)))


def _split_span(text: str) -> tuple[str, str]:
    """Part a message from the span that `_with_span` has put into it."""
    found = re.search(r"\bfrom \S+Z to \S+Z", text)
    if found is None:
        return text, ""
    return f"{text[: found.start()]} {text[found.end() :]}".strip(), found.group()


def _respanned(text: str, phrase: Phrase, span: str) -> str:
    old = getattr(getattr(phrase, "span", None), "text", "")
    opening = r"(?:\b(?:over|during|in|within|for|across|throughout|on)\s+)?(?:\bthe\s+)?"
    places = list(re.finditer(opening + re.escape(old), text, re.IGNORECASE)) if old else []
    return f"{text[: places[-1].start()]}{span}{text[places[-1].end() :]}" if places else f"{text} {span}"


def _other(old: str, wanted: str, directory: ChannelDirectory) -> str | None:
    """Say the old subject anew: in another sector, in the other plane, or as something else altogether."""
    if sector := _SECTOR.fullmatch(wanted):
        number = f"sector {int(sector['number'])}"
        plain = re.sub(r"sectors?\s+\d{1,3}(?:\s*(?:,|and|&)\s*\d{1,3})*", number, old, flags=re.IGNORECASE)
        if plain != old or number.casefold() in old.casefold():
            return plain
        return None if directory.named(old) else f"{old} in {number}"
    if plane := _PLANE.fullmatch(wanted):
        new = plane["plane"].lower()
        swapped = re.sub(rf"\b{_OTHER_PLANE[new]}\b", new, old, flags=re.IGNORECASE)
        same = _SAME_PLANE[new]
        return re.sub(rf"\b{_OTHER_PLANE[same]}\b", same, swapped, flags=re.IGNORECASE)
    return _in_its_sector(old, wanted, directory)


def _in_its_sector(old: str, wanted: str, directory: ChannelDirectory) -> str:
    """Leave a new quantity in the sector of the old one, if it is there and nothing else was said."""
    sector = _SECTOR.search(old)
    if sector is None or _SECTOR.search(wanted) or directory.named(wanted):
        return wanted
    words = [word for word in re.findall(r"[a-z]+", wanted.lower()) if word not in ("the", "a", "an")]
    is_there = bool(words) and bool(directory.matching(words, sectors={int(sector["number"])}))
    return f"{wanted} in sector {int(sector['number'])}" if is_there else wanted


def _read(text: str, reading: Reading) -> Phrase | None:
    phrase = parse(text, now_ns=reading.now_ns, time_zone=reading.time_zone)
    return None if isinstance(phrase, NotUnderstood | Clarification) else phrase


def _subjects(phrase: Phrase | None) -> tuple[Subject, ...]:
    if isinstance(phrase, Set):
        found = tuple(subject for group in phrase.groups for each in group for subject in each.subjects)
        return found if len(phrase.groups) == 1 and len(phrase.groups[0]) == 1 else ()
    if isinstance(phrase, Scan):
        return (phrase.subject,)
    return getattr(phrase, "subjects", ()) or getattr(phrase, "sides", ())


def _listing(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
