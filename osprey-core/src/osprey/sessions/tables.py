"""The tables of threads, turns and spans."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Column, Connection, ForeignKey, Integer, MetaData, String, Table, Text

from osprey.storage import Migration

COMPONENT: Final = "sessions"
_METADATA: Final = MetaData()

THREADS: Final = Table(
    "threads",
    _METADATA,
    Column("thread", String, primary_key=True),
    Column("title", Text, nullable=False),
    Column("created_ns", BigInteger, nullable=False),
    Column("touched_ns", BigInteger, nullable=False, index=True),
    Column("settings", Text, nullable=False),
)
TURNS: Final = Table(
    "turns",
    _METADATA,
    Column("thread", String, ForeignKey("threads.thread"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("turn", String, nullable=False, unique=True),
    Column("asked", Text, nullable=False),
    Column("target", Text, nullable=False),
    Column("asked_by", Text, nullable=False),
    Column("entry", Text, nullable=False),
    Column("status", String, nullable=False),
    Column("begun_ns", BigInteger, nullable=False),
    Column("ended_ns", BigInteger),
    Column("end", Text, nullable=False),
)
SPANS: Final = Table(
    "spans",
    _METADATA,
    Column("turn", String, primary_key=True),
    Column("id", String, primary_key=True),
    Column("parent", String, nullable=False),
    Column("name", Text, nullable=False),
    Column("begun_ns", BigInteger, nullable=False),
    Column("ended_ns", BigInteger, nullable=False),
    Column("status", Text, nullable=False),
    Column("about", Text, nullable=False),
)


def _create(connection: Connection) -> None:
    _METADATA.create_all(connection)


MIGRATIONS: Final = (Migration(version=1, summary="threads, turns and spans", upgrade=_create),)
