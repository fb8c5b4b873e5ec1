"""What a record looks like: a line for people, or an object for programs; no secret in either."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from osprey.config.masking import Masking
from osprey.config.watching import LogFormat
from osprey.logs.turns import noted_turn
from osprey.printable import printable

_LONGEST: Final = 32_768
"""Characters of a message, and of a traceback; the rest is counted."""


class _Form(logging.Formatter):
    """What both forms say of a record."""

    def __init__(self, mask: Masking) -> None:
        super().__init__()
        self._mask = mask

    def _said(self, record: logging.LogRecord) -> str:
        try:
            said = record.getMessage()
        except Exception:  # noqa: BLE001 - arguments are of any class, and their texts can fail in any way
            said = f"{record.msg} (its arguments cannot be written)"
        return self._capped(said)

    def _trace(self, record: logging.LogRecord) -> str:
        # What another form has kept in `exc_text` is not asked: it may be anything.
        parts = [self.formatException(record.exc_info)] if record.exc_info else []
        parts += [record.stack_info] if record.stack_info else []
        return self._capped("\n".join(parts))

    def _capped(self, text: str) -> str:
        masked = self._mask(text)
        if len(masked) <= _LONGEST:
            return masked
        return f"{masked[:_LONGEST]}... ({len(masked) - _LONGEST} more characters)"


class TextForm(_Form):
    """One line; the lines of an exception follow indented, so that no text of others can look like a record."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the record's line, and those of its exception."""
        turn = noted_turn()
        where = f" [{turn.thread} {turn.turn}]" if turn else ""
        head = f"{_time(record)} {record.levelname}{where} {record.name}: {self._said(record)}"
        return "\n".join([printable(head), *_indented(self._trace(record))])


class JsonForm(_Form):
    """One object on one line, in ASCII."""

    def format(self, record: logging.LogRecord) -> str:
        """Give the record as JSON."""
        fields = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._said(record),
        }
        if turn := noted_turn():
            fields |= {"thread": turn.thread, "turn": turn.turn}
        if trace := self._trace(record):
            fields["exception"] = trace
        return json.dumps(fields)


def form_of(form: LogFormat, mask: Masking) -> logging.Formatter:
    """Give what makes a record text in the form that is configured."""
    return JsonForm(mask) if form is LogFormat.JSON else TextForm(mask)


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _indented(text: str) -> Iterator[str]:
    return (f"    {printable(line)}" for line in text.split("\n") if line)
