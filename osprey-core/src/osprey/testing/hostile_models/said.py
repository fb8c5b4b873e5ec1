"""What a server says in the place of a model, before a dialect has written it down."""

from __future__ import annotations

from attrs import frozen


@frozen(kw_only=True)
class Said:
    """An answer in the dialect."""

    text: str = ""
    calls: tuple[tuple[str, str], ...] = ()
    """Names of tools, each with its arguments as text: JSON, or what was meant to be some."""
    is_cut: bool = False
    """It ended at its greatest length."""
    is_refusal: bool = False
    """The model declined to answer."""


@frozen
class Status:
    """A failure, with the words of an endpoint."""

    code: int


@frozen
class Broken:
    """Bytes that are no answer, sent as if they were one."""

    body: bytes


@frozen
class Hung:
    """Nothing, for ever."""


Answer = Said | Status | Broken | Hung
