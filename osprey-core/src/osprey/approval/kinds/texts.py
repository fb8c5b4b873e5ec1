"""Kinds whose content is a few named texts: a memory, a logbook entry, a deployment, a step, and most plugins' own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from osprey.approval.card import Card, CardSection, SectionForm, base_card
from osprey.approval.kinds import Revision
from osprey.approval.kinds.document import read_content, write_content
from osprey.approval.rules import Facts
from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.approval.people import Identity
    from osprey.journal import RequestRow
    from osprey.project import Project


class TextsKind:
    """Shows every field of the content under its name; a base for kinds that need no more."""

    titles: ClassVar[Mapping[str, str]] = {}
    """What a field is called on the card; without an entry its own name."""
    editable_fields: ClassVar[tuple[str, ...]] = ()
    """Fields that a person may change before approving."""

    def card(self, row: RequestRow) -> Card:
        content = read_content(row.kind, row.document)
        sections = [self._section(name, value) for name, value in content.items() if value not in ("", None, [], {})]
        return base_card(row, sections=tuple(sections))

    def editable(self, row: RequestRow) -> dict[str, Any]:
        content = read_content(row.kind, row.document)
        return {name: content.get(name, "") for name in self.editable_fields}

    async def revise(self, project: Project, row: RequestRow, edited: Any, identity: Identity) -> Revision:
        if not self.editable_fields:
            msg = f"a request of kind {row.kind!r} cannot be edited: reject it, and ask anew"
            raise UsageError(msg)
        before = read_content(row.kind, row.document)
        if not isinstance(edited, Mapping) or not set(edited) <= set(self.editable_fields):  # pyright: ignore[reportUnknownArgumentType]
            msg = f"what can be edited in it is {', '.join(self.editable_fields)}"
            raise UsageError(msg)
        document = write_content(row.kind, {**before, **edited})
        # The rules on a target hold for what was made of it as well.
        facts = Facts(kind=row.kind, target=str(before.get("target") or row.presentation.get("target", "")))
        return Revision(document=document, title=row.title, risk=row.risk, facts=facts)

    def _section(self, name: str, value: Any) -> CardSection:
        title = self.titles.get(name, name.replace("_", " "))
        if isinstance(value, str):
            return CardSection(title=title, text=value)
        return CardSection(title=title, text=json.dumps(value, indent=1, ensure_ascii=False), form=SectionForm.FLOW)


class MemoryKind(TextsKind):
    """The family `memory_<operation>`: nothing of it reaches a machine, and its card says so."""

    titles: ClassVar[Mapping[str, str]] = {"content": "what is remembered", "existing_memory": "what is there now"}
    editable_fields: ClassVar[tuple[str, ...]] = ("content",)


class LogbookEntryKind(TextsKind):
    """The kind `logbook_entry`: a text that others will read under a person's name."""

    titles: ClassVar[Mapping[str, str]] = {"text": "the entry"}
    editable_fields: ClassVar[tuple[str, ...]] = ("title", "text", "tags")


class DeploymentKind(TextsKind):
    """The kind `deployment`: services that would be started, changed or stopped."""


class CapabilityStepKind(TextsKind):
    """A step of a capability that the configuration wants approved before it runs."""

    titles: ClassVar[Mapping[str, str]] = {"task_objective": "what the step is for"}
