"""The tables of HDB++ for PostgreSQL, as far as an archive of scalars has them, filled with known samples."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg import sql

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
BEGIN_NS = int(BEGIN.timestamp()) * 10**9
HOST = "tangodb.example.org:10000"
_TYPES = {
    "DEV_BOOLEAN": ("devboolean", "boolean", 1),
    "DEV_SHORT": ("devshort", "smallint", 2),
    "DEV_LONG": ("devlong", "integer", 3),
    "DEV_FLOAT": ("devfloat", "real", 4),
    "DEV_DOUBLE": ("devdouble", "double precision", 5),
    "DEV_STRING": ("devstring", "text", 8),
    "DEV_STATE": ("devstate", "integer", 19),
    "DEV_LONG64": ("devlong64", "bigint", 23),
    "DEV_ULONG64": ("devulong64", "numeric(20)", 24),
    "DEV_ENCODED": ("devencoded", "bytea", 28),
    "DEV_ENUM": ("devenum", "smallint", 30),
}
_CONFIGURATION = """
CREATE TABLE att_conf_type (att_conf_type_id serial PRIMARY KEY, type text UNIQUE, type_num smallint UNIQUE);
CREATE TABLE att_conf_format (att_conf_format_id serial PRIMARY KEY, format text UNIQUE, format_num smallint);
CREATE TABLE att_conf_write (att_conf_write_id serial PRIMARY KEY, write text UNIQUE, write_num smallint);
INSERT INTO att_conf_format (format, format_num) VALUES ('SCALAR', 0), ('SPECTRUM', 1), ('IMAGE', 2);
INSERT INTO att_conf_write (write, write_num)
  VALUES ('READ', 0), ('READ_WITH_WRITE', 1), ('WRITE', 2), ('READ_WRITE', 3);
CREATE TABLE att_conf (
  att_conf_id serial PRIMARY KEY, att_name text NOT NULL UNIQUE,
  att_conf_type_id smallint REFERENCES att_conf_type, att_conf_format_id smallint REFERENCES att_conf_format,
  att_conf_write_id smallint REFERENCES att_conf_write, table_name text NOT NULL, cs_name text NOT NULL DEFAULT '',
  domain text NOT NULL DEFAULT '', family text NOT NULL DEFAULT '', member text NOT NULL DEFAULT '',
  name text NOT NULL DEFAULT '', ttl int, hide boolean DEFAULT false);
CREATE TABLE att_history_event (att_history_event_id serial PRIMARY KEY, event text NOT NULL);
INSERT INTO att_history_event (event)
  VALUES ('ADD'), ('REMOVE'), ('START'), ('STOP'), ('PAUSE'), ('CRASH');
CREATE TABLE att_history (
  att_conf_id integer REFERENCES att_conf, att_history_event_id integer REFERENCES att_history_event,
  event_time timestamptz, details json, PRIMARY KEY (att_conf_id, event_time));
CREATE TABLE att_parameter (
  att_conf_id integer REFERENCES att_conf, recv_time timestamptz NOT NULL, label text NOT NULL DEFAULT '',
  unit text NOT NULL DEFAULT '', standard_unit text NOT NULL DEFAULT '', display_unit text NOT NULL DEFAULT '',
  format text NOT NULL DEFAULT '', archive_rel_change text NOT NULL DEFAULT '',
  archive_abs_change text NOT NULL DEFAULT '', archive_period text NOT NULL DEFAULT '',
  description text NOT NULL DEFAULT '', details json, enum_labels text[] NOT NULL DEFAULT '{}');
CREATE TABLE att_error_desc (att_error_desc_id serial PRIMARY KEY, error_desc text NOT NULL UNIQUE);
INSERT INTO att_error_desc (error_desc) VALUES ('Device is not responding');
"""
_SAMPLES = """
CREATE TABLE {table} (
  att_conf_id integer NOT NULL REFERENCES att_conf, data_time timestamptz NOT NULL, value_r {type}, value_w {type},
  quality smallint, att_error_desc_id integer REFERENCES att_error_desc, details json,
  PRIMARY KEY (att_conf_id, data_time));
"""
Sample = tuple[timedelta, Any, int, int | None]


class Archive:
    """Makes an archive in an empty database."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def create(self) -> None:
        """Make the tables, and what the tests know of."""
        self._connection.execute(_CONFIGURATION)
        for name, (suffix, type_, number) in _TYPES.items():
            self._connection.execute("INSERT INTO att_conf_type (type, type_num) VALUES (%s, %s)", (name, number))
            for kind, of in (("scalar", type_), ("array", f"{type_}[]")):
                table = sql.Identifier(f"att_{kind}_{suffix}")
                self._connection.execute(sql.SQL(_SAMPLES).format(table=table, type=sql.SQL(of)))
        self._fill()

    def add(
        self,
        name: str,
        type_: str,
        samples: Sequence[Sample],
        *,
        host: str = HOST,
        shape: str = "SCALAR",
        write: str = "READ",
        unit: str = "",
        labels: Sequence[str] = (),
        event: str = "START",
        column: str = "value_r",
        hide: bool = False,
    ) -> None:
        """Archive an attribute with samples: time since `BEGIN`, value, quality, error."""
        table = f"att_{'scalar' if shape == 'SCALAR' else 'array'}_{_TYPES[type_][0]}"
        domain, family, member, attribute = name.split("/")
        execute = self._connection.execute
        row = execute(
            """
            INSERT INTO att_conf (att_name, att_conf_type_id, att_conf_format_id, att_conf_write_id, table_name,
              cs_name, domain, family, member, name, hide)
            SELECT %s, t.att_conf_type_id, f.att_conf_format_id, w.att_conf_write_id, %s, %s, %s, %s, %s, %s, %s
            FROM att_conf_type t, att_conf_format f, att_conf_write w WHERE type = %s AND format = %s AND write = %s
            RETURNING att_conf_id
            """,
            (f"tango://{host}/{name}", table, host, domain, family, member, attribute, hide, type_, shape, write),
        ).fetchone()
        assert row is not None
        for recv_time, text in ((BEGIN - timedelta(days=2), "older unit"), (BEGIN - timedelta(days=1), unit)):
            execute(
                "INSERT INTO att_parameter (att_conf_id, recv_time, unit, description, enum_labels)"
                " VALUES (%s, %s, %s, %s, %s)",
                (row[0], recv_time, text, f"the {attribute} of {member}", list(labels)),
            )
        execute(
            "INSERT INTO att_history SELECT %s, att_history_event_id, %s FROM att_history_event WHERE event = %s",
            (row[0], BEGIN, event),
        )
        statement = sql.SQL("COPY {} (att_conf_id, data_time, {}, quality, att_error_desc_id) FROM STDIN")
        with self._connection.cursor().copy(statement.format(sql.Identifier(table), sql.Identifier(column))) as copy:
            for after, *rest in samples:
                copy.write_row((row[0], BEGIN + after, *rest))

    def _fill(self) -> None:
        self.add("sr/dcct/1/current", "DEV_DOUBLE", CURRENT, unit="mA")
        self.add("sr/dcct/1/steady", "DEV_DOUBLE", _each([400 + number / 7 for number in range(600)]), unit="mA")
        self.add("SR/Mag/Q1/Field", "DEV_FLOAT", _each([0.5, 1.5]))
        self.add("sr/t/1/short", "DEV_SHORT", _each([-32768, 32767]))
        self.add("sr/t/1/ulong64", "DEV_ULONG64", _each([0, 2**64 - 1]))
        self.add("sr/t/1/bool", "DEV_BOOLEAN", _each([True, False] * 50))
        self.add("sr/t/1/state", "DEV_STATE", _each([0, 8, 13]))
        self.add("sr/t/1/mode", "DEV_ENUM", _each([0, 2, 1] * 40), labels=("off", "standby", "on"))
        self.add("sr/t/1/text", "DEV_STRING", _each(["Füllen", "", "Füllen", None]))
        self.add("sr/t/1/written", "DEV_DOUBLE", _each([1.0, 2.0]), write="WRITE", column="value_w")
        self.add("sr/t/1/spectrum", "DEV_DOUBLE", [], shape="SPECTRUM")
        self.add("sr/t/1/encoded", "DEV_ENCODED", [])
        self.add("sr/t/1/stopped", "DEV_DOUBLE", _each([1.0] * 10), event="STOP")
        self.add("sr/t/1/empty", "DEV_LONG", [])
        self.add("sr/t/1/hidden", "DEV_LONG", [], hide=True)
        self.add("sr/t/1/odd", "DEV_DOUBLE", _each([1.0, float("nan"), float("inf"), 3.0]))
        for host in (HOST, "other:10000"):
            self.add("sr/t/1/twice", "DEV_LONG", _each([len(host)]), host=host)


def _each(values: Sequence[Any]) -> list[Sample]:
    return [(timedelta(seconds=number, microseconds=7), value, 0, None) for number, value in enumerate(values)]


def _current() -> list[Sample]:
    """An hour, about a sample a second; some in alarm, some invalid, some that are errors without a value."""
    rng = random.Random(3)
    samples: list[Sample] = []
    for number in range(3600):
        quality = rng.choice([0] * 30 + [1, 2, 3, 4])
        error = 1 if rng.random() < 0.01 else None
        value = None if error else 9e9 if quality == 1 else 500 + rng.gauss(0, 1)
        samples.append((timedelta(seconds=number, microseconds=rng.randrange(900_000)), value, quality, error))
    return samples


CURRENT = _current()
