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
    Column("needs", Text),
    Column("policy", Text),
    Column("authors", Text),
    Column("seal", Text),
)

DECISIONS: Final = Table(
    "decisions",
    _METADATA,
    Column("request_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("word", Text),
    Column("actor", Text),
    Column("terminal", Text),
    Column("host", Text),
    Column("person", Text),
    Column("roles", Text),
    Column("method", Text),
    Column("is_authenticated", Integer),
    Column("ns", Integer),
    Column("sha256", Text),
    Column("text", Text),
    Column("remembered", Text),
    Column("seal", Text),
)

REMEMBERED: Final = Table(
    "remembered",
    _METADATA,
    Column("id", Text, primary_key=True),
    Column("request_id", Text),
    Column("person", Text),
    Column("roles", Text),
    Column("is_authenticated", Integer),
    Column("requester", Text),
    Column("kind", Text),
    Column("target", Text),
    Column("scope", Text),
    Column("max_uses", Integer),
    Column("granted_ns", Integer),
    Column("ends_ns", Integer),
    Column("seal", Text),
    Column("revoked_by", Text),
    Column("revoked_ns", Integer),
    Column("reason", Text),
)

LEASES: Final = Table(
    "leases",
    _METADATA,
    Column("thread", Text, primary_key=True),
    Column("owner", Text),
    Column("token", Integer),
    Column("taken_ns", Integer),
)

NOTED: Final = Table("noted", _METADATA, Column("name", Text, primary_key=True), Column("value", Text))

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

TABLES: Final = (REQUESTS, DECISIONS, REMEMBERED, INTENTS, OWNERS, AUDIT, HALT, LEASES, NOTED)
