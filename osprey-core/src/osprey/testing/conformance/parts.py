"""Which parts of a peer a test of the suite needs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pytest

from osprey.testing.conformance.peer import PARTS, ConnectorPeer

_Test = TypeVar("_Test", bound=Callable[..., Any])
_ATTRIBUTE = "osprey_parts"


def needs(*parts: str) -> Callable[[_Test], _Test]:
    """Say which parts (fields of `Roles`, or ``stops``, ``count_puts``) a test needs; it runs under anyio."""
    unknown = set(parts) - PARTS - {"stops", "count_puts"}
    if unknown:
        msg = f"no such part: {', '.join(sorted(unknown))}"
        raise ValueError(msg)

    def mark(test: _Test) -> _Test:
        setattr(test, _ATTRIBUTE, frozenset(parts))
        return pytest.mark.anyio(test)

    return mark


def parts_needed(test: Callable[..., Any]) -> frozenset[str]:
    """Give the parts that a test needs."""
    return getattr(test, _ATTRIBUTE)


def played(peer: ConnectorPeer, part: str) -> str:
    """Give the channel that plays a part; only tests that need the part ask."""
    name = getattr(peer.roles, part)
    assert isinstance(name, str), part
    return name
