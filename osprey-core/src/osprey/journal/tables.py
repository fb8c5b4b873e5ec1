"""The journal's tables for statements. What the database is made of stands in `schema`."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Column, Float, Integer, MetaData, Table, Text

_METADATA: Final = MetaData()

REQUESTS: Final = Table(
    "requests",
    _METADATA,
    Column("id", Text, primary_key=True),
    Column("kind", Text),
    Column("title", Text),
    Column("thread", Text),
    Column("document", Text),
    Column("sha256", Text),
    Column("risk", Text),
    Column("requester", Text),
    Column("created_ns", Integer),
    Column("expires_ns", Integer),
    Column("presentation", Text),
    Column("key", Text),
    Column("supersedes", Text),
    Column("state", Text),
    Column("decided_by", Text),
    Column("decided_ns", Integer),
    Column("reason", Text),
    Column("claimed_by", Text),
    Column("claimed_ns", Integer),
    Column("owner", Text),
    Column("group_count", Integer),
    Column("finished_ns", Integer),
    Column("report", Text),
)

INTENTS: Final = Table(
    "intents",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("request_id", Text),
    Column("owner", Text),
    Column("target", Text),
    Column("channel", Text),
    Column("grp", Integer),
    Column("idx", Integer),
    Column("value", Text),
    Column("before_value", Text),
    Column("tolerance", Float),
    Column("readback", Text),
    Column("state", Text),
    Column("outcome", Text),
    Column("observed", Text),
    Column("reason", Text),
    Column("opened_ns", Integer),
    Column("closed_ns", Integer),
    Column("settled_by", Text),
    Column("actor", Text),
)

OWNERS: Final = Table(
    "owners",
    _METADATA,
    Column("id", Text, primary_key=True),
    Column("pid", Integer),
    Column("host", Text),
    Column("started_ns", Integer),
    Column("token", Integer),
    Column("taken_by", Text),
    Column("ended_ns", Integer),
)

AUDIT: Final = Table(
    "audit",
    _METADATA,
    Column("seq", Integer, primary_key=True),
    Column("ns", Integer),
    Column("high_ns", Integer),
    Column("actor", Text),
    Column("terminal", Text),
    Column("host", Text),
    Column("event", Text),
    Column("subject", Text),
    Column("detail", Text),
    Column("mac", Text),
)

HALT: Final = Table(
    "halt",
    _METADATA,
    Column("id", Integer, primary_key=True),
    Column("is_set", Integer),
    Column("actor", Text),
    Column("reason", Text),
    Column("since_ns", Integer),
)

TABLES: Final = (REQUESTS, INTENTS, OWNERS, AUDIT, HALT)
