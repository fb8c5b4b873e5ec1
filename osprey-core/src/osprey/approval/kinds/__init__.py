"""Kinds of requests: how each is shown, and how it is edited. A plugin's come through the same door as the core's.

`kind_of_request` finds the one of a name: its own, that of its family (`memory` for `memory_save`), or that of a
capability's step. A kind that nothing declares can be neither filed nor carried out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from attrs import field, frozen

from osprey.errors import RefusedError

if TYPE_CHECKING:
    from osprey.approval.card import Card
    from osprey.approval.people import Identity
    from osprey.approval.rules import Facts
    from osprey.control import Judgement
    from osprey.journal import RequestRow
    from osprey.project import Project
    from osprey.registrations import ApprovalKind as Registration

CAPABILITY_STEP = "capability_step"
"""The kind that stands for the step of any capability which the configuration wants approved."""


@frozen(kw_only=True)
class Revision:
    """What an edit, or the choice of some items, makes of a request: to be filed in its place."""

    document: str
    """Judged anew, canonical."""
    title: str
    risk: str
    facts: Facts
    shown: Mapping[str, Any] = field(factory=dict[str, Any])
    judgement: Judgement | None = None
    """Of a list of writes: for what write policies of plugins ask."""


@runtime_checkable
class ApprovalKind(Protocol):
    """What a kind of request must be. Structural: nothing is inherited."""

    def card(self, row: RequestRow) -> Card:
        """Show the stored document, exactly: what is shown is what is approved.

        :raises RefusedError: it is not understood; then there is nothing that could be approved.
        """
        ...


@runtime_checkable
class EditableKind(Protocol):
    """A kind whose requests can be edited, each time as a new request that is checked again."""

    def editable(self, row: RequestRow) -> dict[str, Any]:
        """Give what a person may change, as JSON."""
        ...

    async def revise(self, project: Project, row: RequestRow, edited: Any, identity: Identity) -> Revision:
        """Check what a person made of it, all of it and on the machine as it is now.

        :raises UsageError: it has no meaning. :raises RefusedError: a rule says no.
        """
        ...


@runtime_checkable
class PartialKind(Protocol):
    """A kind of which some items can be approved without the others."""

    allows_partial: ClassVar[bool]

    async def select(self, project: Project, row: RequestRow, chosen: Sequence[int], identity: Identity) -> Revision:
        """Leave exactly the chosen items (numbered from 1 as they are shown), checked again."""
        ...


def registration_of(project: Project, kind: str) -> Registration:
    """Give the declaration of a kind.

    :raises RefusedError: ``approval.no_policy``: nothing declares it, so nothing says who may approve it.
    """
    registry = project.registry
    declared = {entry.name: entry.registration for entry in registry.entries("approval_kinds")}
    if kind in declared:
        return declared[kind]
    family = next((one for name, one in declared.items() if one.is_family and kind.startswith(f"{name}_")), None)
    if family is not None:
        return family
    if kind in registry.names("capabilities") and CAPABILITY_STEP in declared:
        return declared[CAPABILITY_STEP]
    msg = f"nothing declares the kind {kind!r} of requests, so nobody can approve it: install the plugin that does"
    raise RefusedError(msg, rule="approval.no_policy")


def kind_of_request(project: Project, kind: str) -> ApprovalKind:
    """Give the implementation of a kind.

    :raises RefusedError: as `registration_of`. :raises PluginError: it cannot be imported.
    """
    found: Any = project.registry.resolve("approval_kinds", registration_of(project, kind).name)
    return found() if isinstance(found, type) else found


def card_of(project: Project, row: RequestRow) -> Card:
    """Show a stored request as its kind does.

    :raises RefusedError: its kind is not declared, or its document not understood.
    """
    return kind_of_request(project, row.kind).card(row)
