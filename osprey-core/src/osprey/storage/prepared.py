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
        text, order, fixed = self._words.get(connection.dialect.name) or self._put_into_words(connection)
        given = {**fixed, **values}
        return connection.exec_driver_sql(text, tuple([given[name] for name in order]))

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
