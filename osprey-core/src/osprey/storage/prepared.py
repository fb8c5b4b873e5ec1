"""Statements that are run in every transaction: put into words once, then given values only.

Building a statement for the driver costs SQLAlchemy several times what SQLite needs to run it. The words are made
for the dialect of the connection, so a statement stays one for every database.
"""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import ClauseElement, Connection, CursorResult


class Prepared:
    """One statement with named parameters (`bindparam`)."""

    def __init__(self, statement: ClauseElement) -> None:
        self._statement = statement
        self._words: dict[str, tuple[str, tuple[str, ...], dict[str, Any]]] = {}

    def execute(self, connection: Connection, **values: Any) -> CursorResult[Any]:
        """Run it in the caller's transaction; rows have the names of the columns."""
        return connection.exec_driver_sql(*self._filled(connection, values))

    def first(self, connection: Connection, **values: Any) -> dict[str, Any] | None:
        """Run it in the caller's transaction and give its first row by the names of the columns; None if there is none.

        The driver itself is asked: to prepare for rows of many columns costs SQLAlchemy more than reading one.
        """
        cursor = connection.connection.cursor()
        try:
            cursor.execute(*self._filled(connection, values))
            row = cursor.fetchone()
            return None if row is None else {about[0]: one for about, one in zip(cursor.description, row, strict=True)}
        finally:
            cursor.close()

    def _filled(self, connection: Connection, values: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
        text, order, fixed = self._words.get(connection.dialect.name) or self._put_into_words(connection)
        given = {**fixed, **values}
        return text, tuple([given[name] for name in order])

    def _put_into_words(self, connection: Connection) -> tuple[str, tuple[str, ...], dict[str, Any]]:
        compiled = self._statement.compile(dialect=connection.dialect)
        if "POSTCOMPILE" in str(compiled):
            msg = f"a statement whose words depend on its values (IN) cannot be prepared: {compiled}"
            raise ValueError(msg)
        details = cast("Any", compiled)
        stated = details.construct_params(_check=False)
        # What has no value here has to be given with each execution; a missing one is an error there, not a NULL.
        fixed = {name: value for name, value in stated.items() if value is not None}
        words = (str(compiled), tuple(details.positiontup or ()), fixed)
        self._words[connection.dialect.name] = words
        return words
