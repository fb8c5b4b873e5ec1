"""Configuration changes in the audit: what is in force is compared with what was noted at the last opening.

Nothing is written while nothing has changed. Secrets are masked; that one has changed is seen by a digest that only
the audit's key can make. Where the audit cannot be written, the note is made at the next opening.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from sqlalchemy import Connection, bindparam, select

from osprey.errors import StorageError
from osprey.journal.configuration_state import Change, State, as_stored, changes_between, merged, state_of
from osprey.journal.process_user import process_user
from osprey.journal.tables import NOTED
from osprey.storage.prepared import Prepared

if TYPE_CHECKING:
    from osprey.config import Config
    from osprey.journal.audit.chain import Audit
    from osprey.storage import Database

SUBJECT: Final = "configuration"
_NAME: Final = "configuration"
_WHAT: Final = "noted configuration"
_LONGEST: Final = 500
_MOST_KEYS: Final = 200
"""In one row; who changes more has another file."""

_READ: Final = Prepared(select(NOTED.c.value).where(NOTED.c.name == bindparam("of_name")))
_NEWEST: Final = "SELECT max(seq) FROM audit WHERE subject = ?"
_STORE: Final = "INSERT INTO noted (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"


@frozen
class _Noted:
    """What was noted before; no state if there is nothing that can be trusted."""

    state: State | None
    why: str = ""
    """Why not."""


def note_configuration(config: Config, database: Database, audit: Audit) -> None:
    """Have the audit tell what has changed in the configuration, if anything has."""
    fresh = state_of(config, lambda key, value: audit.seal("configured secret", (key, value))[:32])
    noted = database.read_sync(lambda connection: _read(connection, audit))
    if noted.state is not None and _stored(merged(noted.state, fresh)) == _stored(noted.state):
        return
    with suppress(StorageError):  # whoever only reads must not be stopped; the next opening notes it
        database.safety.run_sync(lambda connection: _note(connection, config, audit, fresh))


def _note(connection: Connection, config: Config, audit: Audit, fresh: State) -> None:
    # Looked at once more: of several processes that open at once, one notes it.
    noted = _read(connection, audit)
    if noted.state is None:
        told = {"file": config.source and str(config.source), "limits": dict(fresh.limits)}
        told |= {"stated": _briefs(_stated(config)), "because": noted.why}
        _append(connection, audit, "config.noted", told)
        _store(connection, audit, fresh)
        return
    state = merged(noted.state, fresh)
    changes = list(changes_between(noted.state, state))
    if changes:
        told = {"file": config.source and str(config.source), "keys": [_plain(one) for one in changes[:_MOST_KEYS]]}
        _append(connection, audit, "config.changed", {**told, "more": len(changes[_MOST_KEYS:])})
    for target in sorted(state.limits.keys() | noted.state.limits.keys()):
        old, new = noted.state.limits.get(target, ""), state.limits.get(target, "")
        if old != new:
            _append(connection, audit, "limits.changed", {"target": target, "old": old, "new": new})
    _store(connection, audit, state)


def _append(connection: Connection, audit: Audit, event: str, detail: dict[str, Any]) -> None:
    who = process_user()
    audit.append(connection, event=event, actor=who, subject=SUBJECT, now_ns=time.time_ns(), detail=detail)


def _read(connection: Connection, audit: Audit) -> _Noted:
    found = _READ.execute(connection, of_name=_NAME).scalar()
    if found is None:
        return _Noted(None, "it is seen for the first time")
    newest = connection.exec_driver_sql(_NEWEST, (SUBJECT,)).scalar()
    try:
        stored: dict[str, Any] = json.loads(found)
        text, row, seal = stored["text"], stored["row"], str(stored["seal"])
    except (ValueError, TypeError, KeyError):
        text, row, seal = "", None, ""
    if not hmac.compare_digest(audit.seal(_WHAT, (text, row)).encode(), seal.encode()) or row != newest:
        return _Noted(None, "what was noted before was changed, or put back from an earlier time")
    told: dict[str, Any] = json.loads(text)
    secrets = {key: tuple(digests) for key, digests in told["secrets"].items()}
    return _Noted(State(values=told["values"], secrets=secrets, limits=told["limits"]))


def _store(connection: Connection, audit: Audit, state: State) -> None:
    text, row = _stored(state), connection.exec_driver_sql(_NEWEST, (SUBJECT,)).scalar()
    stored = {"text": text, "row": row, "seal": audit.seal(_WHAT, (text, row))}
    connection.exec_driver_sql(_STORE, (_NAME, json.dumps(stored)))


def _stored(state: State) -> str:
    told = {"values": state.values, "secrets": state.secrets, "limits": state.limits}
    return json.dumps(told, sort_keys=True)


def _stated(config: Config) -> dict[str, Any]:
    from osprey.config.plain import leaves

    return {".".join(path): value for path, value in leaves(config.document.shown())}


def _briefs(values: dict[str, Any]) -> dict[str, Any]:
    return {key: _brief(value) for key, value in islice(values.items(), _MOST_KEYS)}


def _plain(change: Change) -> dict[str, Any]:
    told = {"key": change.key, "old": _brief(change.old), "new": _brief(change.new)}
    return told if change.old != change.new else {**told, "note": "a secret that is not shown has changed"}


def _brief(value: Any) -> Any:
    """Give a value as the audit keeps it: one that is very long by its beginning and its hash."""
    kept = as_stored(value)
    text = json.dumps(kept)
    if len(text) <= _LONGEST:
        return kept
    return f"{text[:_LONGEST]} ... (sha256 {hashlib.sha256(text.encode()).hexdigest()[:16]})"
