"""From rows of the database to values, and from values to rows."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from json.encoder import encode_basestring
from typing import Any, Final, cast

from attrs import asdict
from sqlalchemy import RowMapping

from osprey.errors import UsageError
from osprey.journal.requests.votes import DecisionRow, DecisionWord, Needs
from osprey.journal.values import Intent, IntentRow, IntentState, RequestRow, RequestState

_ENCODER: Final = json.JSONEncoder(allow_nan=False, ensure_ascii=False, separators=(",", ":"))
_PACKED_KEYS: Final = ("dtype", "value")


class StoredObject(Mapping[str, Any]):
    """A JSON object of a row, parsed when it is first looked at: most who read a request never do."""

    __slots__ = ("_parsed", "_text")

    def __init__(self, text: str) -> None:
        self._text = text
        self._parsed: dict[str, Any] | None = None

    @property
    def text(self) -> str:
        """The object as it is stored."""
        return self._text

    def _object(self) -> dict[str, Any]:
        if self._parsed is None:
            self._parsed = _object_in(self._text)
        return self._parsed

    def __getitem__(self, key: str) -> Any:
        return self._object()[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._object())

    def __len__(self) -> int:
        return len(self._object())

    def __repr__(self) -> str:
        return repr(self._object())


def _object_in(text: str) -> dict[str, Any]:
    """Parse an object; a damaged one is empty here, and what is sealed tells that it was changed."""
    try:
        parsed: Any = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return cast("dict[str, Any]", parsed) if isinstance(parsed, dict) else {}


def encode(value: Any, what: str) -> str:
    """Write a value as JSON; NaN and infinity are refused, exact forms are the caller's.

    :raises UsageError: it is not JSON.
    """
    if type(value) is float and math.isfinite(value):
        return float.__repr__(value)
    try:
        return _ENCODER.encode(value)
    except (TypeError, ValueError) as exc:
        msg = f"{what} cannot be stored as JSON: {exc}: give numbers in exact form (float hex, integer text)"
        raise UsageError(msg) from exc


def request_row(values: RowMapping | Mapping[str, Any]) -> RequestRow:
    """Build a request from its row; one that cannot be read is in doubt, and so can never be carried out.

    It is no error, so that one damaged row hides none of the others.
    """
    if not all(isinstance(values[name], kind) for name, kind in _TYPES.items()):
        told = "its row in the database was changed or damaged: a column holds a value of another type"
        return _damaged_request(str(values["id"]), told)
    try:
        return _request_row(values)
    except (ValueError, TypeError, AttributeError, RecursionError) as exc:
        return _damaged_request(str(values["id"]), f"its row in the database was changed or damaged: {exc}")


_TYPES: Final = {
    **dict.fromkeys(("id", "kind", "title", "thread", "document", "sha256", "risk", "requester", "state"), str),
    **dict.fromkeys(("presentation", "reason", "needs", "policy", "authors", "seal"), str),
    **dict.fromkeys(("created_ns", "expires_ns"), int),
}
"""What SQLite would let stand in a column that somebody has changed."""


def _damaged_request(request_id: str, reason: str) -> RequestRow:
    texts = dict.fromkeys(("kind", "title", "thread", "document", "sha256", "risk", "requester"), "")
    nothing = ("key", "supersedes", "decided_by", "decided_ns", "claimed_by", "claimed_ns", "owner", "groups")
    return RequestRow(
        id=request_id,
        state=RequestState.IN_DOUBT,
        reason=reason,
        created_ns=0,
        expires_ns=0,
        presentation={},
        finished_ns=None,
        report=None,
        **texts,
        **dict.fromkeys(nothing),
    )


def _request_row(values: RowMapping | Mapping[str, Any]) -> RequestRow:
    report = values["report"]
    return RequestRow(
        id=values["id"],
        kind=values["kind"],
        title=values["title"],
        thread=values["thread"],
        document=values["document"],
        sha256=values["sha256"],
        risk=values["risk"],
        requester=values["requester"],
        state=RequestState(values["state"]),
        created_ns=values["created_ns"],
        expires_ns=values["expires_ns"],
        presentation=StoredObject(values["presentation"]),
        key=values["key"],
        supersedes=values["supersedes"],
        decided_by=values["decided_by"],
        decided_ns=values["decided_ns"],
        reason=values["reason"],
        claimed_by=values["claimed_by"],
        claimed_ns=values["claimed_ns"],
        owner=values["owner"],
        groups=values["group_count"],
        finished_ns=values["finished_ns"],
        report=None if report is None else StoredObject(report),
        needs=needs_of(values["needs"]),
        policy=values["policy"],
        authors=tuple(json.loads(values["authors"])),
        seal=values["seal"],
    )


def needs_of(text: str) -> Needs:
    """Build what a request needs from its stored form; that of one person is by far the most common."""
    if text == _ONE_PERSON:
        return _NEEDS_ONE_PERSON
    stored: dict[str, Any] = json.loads(text)
    rules: tuple[str, ...] = tuple(stored.pop("rules", ()))
    return Needs(**stored, rules=rules)


def needs_text(needs: Needs) -> str:
    """Give the stored form of what a request needs."""
    return encode(asdict(needs, recurse=False), "what a request needs")


_NEEDS_ONE_PERSON: Final = Needs()
_ONE_PERSON: Final = needs_text(_NEEDS_ONE_PERSON)


def decision_row(values: RowMapping | Mapping[str, Any]) -> DecisionRow:
    """Build what a person did from its row; one that cannot be read decides nothing, and is not genuine."""
    try:
        return _decision_row(values)
    except (ValueError, TypeError, RecursionError) as exc:
        texts = dict.fromkeys(("actor", "terminal", "host", "person", "sha256", "seal"), "")
        told = f"this row in the database was changed or damaged: {exc}"
        return DecisionRow(
            request_id=str(values["request_id"]),
            seq=values["seq"],
            word=DecisionWord.COMMENT,
            roles=(),
            method="",
            is_authenticated=False,
            ns=0,
            text=told,
            remembered=None,
            **texts,
        )


def _decision_row(values: RowMapping | Mapping[str, Any]) -> DecisionRow:
    return DecisionRow(
        request_id=values["request_id"],
        seq=values["seq"],
        word=DecisionWord(values["word"]),
        actor=values["actor"],
        terminal=values["terminal"],
        host=values["host"],
        person=values["person"],
        roles=tuple(json.loads(values["roles"])),
        method=values["method"],
        is_authenticated=bool(values["is_authenticated"]),
        ns=values["ns"],
        sha256=values["sha256"],
        text=values["text"],
        remembered=values["remembered"],
        seal=values["seal"],
    )


def intent_row(values: RowMapping) -> IntentRow:
    """Build an intent from its row."""
    return IntentRow(
        id=values["id"],
        request_id=values["request_id"],
        owner=values["owner"],
        target=values["target"],
        channel=values["channel"],
        group=values["grp"],
        index=values["idx"],
        value=json.loads(values["value"]),
        before=json.loads(values["before_value"]),
        tolerance=values["tolerance"],
        readback=values["readback"],
        state=IntentState(values["state"]),
        outcome=values["outcome"],
        observed=json.loads(values["observed"]),
        reason=values["reason"],
        opened_ns=values["opened_ns"],
        closed_ns=values["closed_ns"],
        settled_by=values["settled_by"],
        actor=values["actor"],
    )


def intent_values(intent: Intent) -> tuple[Any, ...]:
    """Give the columns that an intent fills by itself, from target to readback."""
    return (
        intent.target,
        intent.channel,
        intent.group,
        intent.index,
        _encode_packed(intent.value, intent.channel, "the value for"),
        _encode_packed(intent.before, intent.channel, "the value before for"),
        intent.tolerance,
        intent.readback,
    )


def _encode_packed(value: Any, channel: str, what: str) -> str:
    """Write a value in exact form; that of a number or text by hand, because a thousand go together."""
    if type(value) is dict and tuple(cast("dict[str, Any]", value)) == _PACKED_KEYS:
        dtype, form = cast("dict[str, Any]", value).values()
        if type(dtype) is str and type(form) is str:
            return f'{{"dtype":{encode_basestring(dtype)},"value":{encode_basestring(form)}}}'
    return encode(value, f"{what} {channel}")
