"""Where in a graph a question is asked: what makes it the same question when LangGraph runs its node again."""

from __future__ import annotations

import hashlib
import json
import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen
from sqlalchemy import select

from osprey.approval.seeds.stored import read_stored
from osprey.journal.rows import request_row
from osprey.journal.tables import REQUESTS

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from osprey.project import Project

CALL: Final = "asked_in_call"
"""The call of a service that a request was filed in, as part of what is kept beside it."""
_CAMEL: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@frozen(kw_only=True)
class Place:
    """A step of a graph: its thread, and the namespace that LangGraph gives each task of it."""

    thread: str
    namespace: str


@frozen(kw_only=True)
class Call:
    """A capability's call of a service, whose questions are filed under the capability's type as well."""

    types: tuple[str, ...]
    place: Place | None
    """Of the capability."""
    thread: str
    """Of the service."""
    request: Any
    """What the service is asked, as plain JSON."""

    @property
    def digest(self) -> str:
        """Give what makes it the same call when its node runs again."""
        place = ("", "") if self.place is None else (self.place.thread, self.place.namespace)
        return digest_of(*place, self.thread, self.types, self.request)


_call: ContextVar[Call | None] = ContextVar("osprey_service_call", default=None)


def current_place() -> Place | None:
    """Give the step of the graph that runs now; None outside of one."""
    if "langgraph.config" not in sys.modules:  # a graph that runs has imported it; nobody else shall have to
        return None
    from langgraph.config import get_config

    try:
        configurable: dict[str, Any] = get_config().get("configurable", {})
    except RuntimeError:
        return None
    thread = configurable.get("thread_id")
    if thread is None:
        return None
    return Place(thread=str(thread), namespace=str(configurable.get("checkpoint_ns", "")))


def current_call() -> Call | None:
    """Give the call of a service that this is a part of."""
    return _call.get()


@contextmanager
def called(call: Call) -> Generator[None]:
    """Have what is filed in the block belong to a call."""
    token = _call.set(call)
    try:
        yield
    finally:
        _call.reset(token)


def types_of_capability(name: str) -> tuple[str, ...]:
    """Give a capability's name as it was passed, and as its type is written: `DataAnalysis` is `data_analysis`."""
    return tuple(dict.fromkeys((_CAMEL.sub("_", name).replace(" ", "_").replace("-", "_").lower(), name)))


def key_of_question(kind: str, asked: Any) -> str | None:
    """Give what makes a request the same one when its step runs again; None outside of a graph, where no step does."""
    place = current_place()
    return None if place is None else f"{_key_of_step(place)}{digest_of(kind, asked)}"


def asked_by_step(project: Project) -> list[str]:
    """Give the requests that the step which runs now has filed, in this run of its node or an earlier one."""
    place = current_place()
    if place is None:
        return []
    query = select(REQUESTS.c.id).where(REQUESTS.c.key.startswith(_key_of_step(place), autoescape=True))

    def read(connection: Connection) -> list[str]:
        return list(connection.execute(query.order_by(REQUESTS.c.created_ns, REQUESTS.c.id)).scalars())

    return read_stored(project, read)


def has_asked(project: Project, call: Call) -> bool:
    """Say whether the service has asked something in this very call before: it waits, or has gone on from there."""
    query = select(REQUESTS).where(REQUESTS.c.thread == call.thread)

    def read(connection: Connection) -> bool:
        rows = (request_row(values) for values in connection.execute(query).mappings())
        return any(row.presentation.get(CALL) == call.digest for row in rows)

    return call.place is not None and read_stored(project, read)


def digest_of(*parts: Any) -> str:
    """Give a short name for parts that are plain JSON."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _key_of_step(place: Place) -> str:
    return f"asked:{digest_of(place.thread, place.namespace)}:"
