"""Connections to the database: read-only, with a time limit of the server's own, a few at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import psycopg
from attrs import frozen
from psycopg import sql
from psycopg.conninfo import make_conninfo

from osprey.api import ErrorKind, Fault
from osprey_tango.hdbpp.settings import HdbppSettings

_APPLICATION: Final = "osprey"


class DatabaseError(Exception):
    """A question that has no answer."""

    def __init__(self, kind: ErrorKind, message: str, *, raw: str = "", retryable: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.raw = raw
        self.retryable = retryable

    def fault(self, channel: str) -> Fault:
        """Say it of one attribute."""
        return Fault(
            channel=channel,
            kind=self.kind,
            message=f"{channel}: {self.message}",
            raw=self.raw,
            retryable=self.retryable,
        )


@frozen
class Session:
    """One read-only transaction."""

    connection: psycopg.Connection[Any]

    def rows(self, statement: sql.Composed, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Give the rows of a statement; times come in UTC, and numbers in the binary form that loses nothing."""
        return self.connection.execute(statement, values, binary=True).fetchall()


class Database:
    """Lends connections to threads, and keeps idle ones for the next."""

    def __init__(self, settings: HdbppSettings) -> None:
        self._settings = settings
        password = {} if settings.secret_password is None else {"password": str(settings.secret_password)}
        self._conninfo = make_conninfo(
            settings.url,
            **password,
            connect_timeout=max(2, round(settings.connect_timeout_s)),  # libpq knows whole seconds, from 2 on
            application_name=_APPLICATION,
        )
        self._place = _place(self._conninfo)
        self._idle: list[psycopg.Connection[Any]] = []
        self._lent: set[psycopg.Connection[Any]] = set()
        self._lock = threading.Lock()
        self._is_closed = False

    def close(self) -> None:
        """Close all connections; a statement that runs is cancelled."""
        with self._lock:
            self._is_closed = True
            idle, self._idle = self._idle, []
            lent = list(self._lent)
        for connection in idle:
            connection.close()
        for connection in lent:
            connection.cancel()

    @contextmanager
    def session(self, timeout_s: float) -> Iterator[Session]:
        """Lend a read-only transaction whose statements end after `timeout_s`.

        :raises DatabaseError: the database cannot be asked, or a statement failed.
        """
        connection = None
        try:
            connection = self._take()
            with connection.transaction():
                limit = f"{max(1, round(min(timeout_s, self._settings.timeout_s) * 1000))}"
                connection.execute("SELECT set_config('statement_timeout', %s, true)", (limit,))
                yield Session(connection)
        except psycopg.Error as exc:
            raise self._explain(exc) from exc
        finally:
            if connection is not None:
                self._give_back(connection)

    def _take(self) -> psycopg.Connection[Any]:
        with self._lock:
            if self._is_closed:
                raise DatabaseError(ErrorKind.UNREACHABLE, "the archiver is closed")
            connection = self._idle.pop() if self._idle else None
            if connection is not None:
                self._lent.add(connection)
        if connection is not None and _is_alive(connection):
            return connection
        if connection is not None:
            self._drop(connection)
        connection = psycopg.connect(self._conninfo, autocommit=False)
        connection.read_only = True
        connection.execute("SET TIME ZONE 'UTC'")
        connection.commit()
        with self._lock:
            self._lent.add(connection)
        return connection

    def _give_back(self, connection: psycopg.Connection[Any]) -> None:
        with self._lock:
            self._lent.discard(connection)
            if not self._is_closed and not connection.closed and not connection.broken:
                self._idle.append(connection)
                return
        connection.close()

    def _drop(self, connection: psycopg.Connection[Any]) -> None:
        with self._lock:
            self._lent.discard(connection)
        connection.close()

    def _explain(self, exc: psycopg.Error) -> DatabaseError:
        place, raw = self._place, exc.sqlstate or type(exc).__name__
        told = str(exc).strip().splitlines()[0] if str(exc).strip() else raw
        if isinstance(exc, psycopg.errors.QueryCanceled):
            message = f"the archive at {place} gave no answer in time; ask for a shorter span"
            return DatabaseError(ErrorKind.TIMEOUT, message, raw=raw, retryable=True)
        if isinstance(exc, psycopg.errors.InsufficientPrivilege):
            return DatabaseError(ErrorKind.PERMISSION, f"the archive at {place} refuses: {told}", raw=raw)
        if isinstance(exc, psycopg.errors.UndefinedTable | psycopg.errors.UndefinedColumn):
            message = f"the database at {place} does not have the tables of HDB++ for PostgreSQL: {told}"
            return DatabaseError(ErrorKind.UNSUPPORTED, message, raw=raw)
        if isinstance(exc, psycopg.OperationalError):
            message = f"the archive at {place} cannot be reached: {told}"
            return DatabaseError(ErrorKind.UNREACHABLE, message, raw=raw, retryable=True)
        return DatabaseError(ErrorKind.REJECTED, f"the archive at {place} answers: {told}", raw=raw)


def _is_alive(connection: psycopg.Connection[Any]) -> bool:
    """Say whether a kept connection still has its server: it may have been restarted since."""
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error:
        return False
    return True


def _place(conninfo: str) -> str:
    facts = psycopg.conninfo.conninfo_to_dict(conninfo)
    return f"{facts.get('host') or 'localhost'}:{facts.get('port') or 5432}/{facts.get('dbname') or ''}"
