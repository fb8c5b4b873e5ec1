"""Remember a sentence, and find what was remembered."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from osprey.agent.thread_approval import approval_in
from osprey.approval import Draft, Facts, current_actor, file_request
from osprey.approval.asking import asks, kind_of
from osprey.approval.executing import spend_approved
from osprey.approval.kinds.document import write_content
from osprey.base import ApprovalNeeded, BaseCapability, StepResult, StepStatus
from osprey.base.contexts import MemoryContext
from osprey.errors import RefusedError, UsageError
from osprey.journal import RequestState, journal_of
from osprey.services.memory_storage import Notes, notes_of
from osprey.services.python_executor.applying.go_ahead import may_pass
from osprey.services.python_executor.applying.saying_no import SAID_NO, no_of

if TYPE_CHECKING:
    from sqlalchemy import Connection


class MemoryCapability(BaseCapability):
    """Save and search the notes of the person who asks."""

    name = "memory"
    description = "Remember a fact, or say what is remembered"
    provides = ("MEMORY_CONTEXT",)
    asks_by_itself = True
    direct_chat_enabled = True

    @classmethod
    def chat_parameters(cls, text: str) -> Mapping[str, Any]:
        return {"op": "search", "text": text}

    async def prepare(self) -> StepResult | ApprovalNeeded:
        operation, text = str(self.parameter("op")), str(self._step.parameters.get("text", ""))
        if operation not in ("save", "search"):
            msg = f"capability 'memory' has no operation {operation!r}; it has 'save' and 'search'"
            raise UsageError(msg)
        if asks(approval_in(self._project, self._state), self.name, operation).is_asked:
            return await self._file(operation, text)
        notes, user = notes_of(self._project), current_actor().subject
        if operation == "search":
            return await self._found(notes, user, text)
        note = await notes.save(user, text, key=self.request_key)
        return await self._saved(note.id, note.text)

    async def _file(self, operation: str, text: str) -> ApprovalNeeded:
        kind = kind_of(self.name, operation)
        content = {"operation": operation, "content": text, "user_id": current_actor().subject}
        draft = Draft(
            document=write_content(kind, content),
            title=self._step.task_objective,
            thread=self.thread,
            risk="changes what is remembered for one user; no machine is touched",
            actor=current_actor(),
            facts=Facts(kind=kind),
            key=self.request_key,
            shown={"question": self.question, "assumptions": self.assumptions},
        )
        row = await file_request(self._project, draft)
        return ApprovalNeeded(request_id=row.id, sha256=row.sha256)

    async def conclude(self, needed: ApprovalNeeded) -> StepResult | ApprovalNeeded:
        row = await journal_of(self._project).requests.get(needed.request_id)
        if row.state in SAID_NO:
            return StepResult(status=StepStatus.REFUSED, text=no_of(row, "Nothing was remembered."))
        notes = notes_of(self._project)
        if row.state is not RequestState.DONE:
            try:
                row = await spend_approved(
                    self._project, row.id, needed.sha256, current_actor(), _effect(notes, needed.request_id)
                )
            except RefusedError as exc:
                if not may_pass(exc.rule):
                    raise
                return StepResult(status=StepStatus.WAITING, text=str(exc))
        report = row.report or {}
        if report.get("operation") == "search":
            return await self._found(notes, str(report["user_id"]), str(report["content"]))
        return await self._saved(str(report.get("note")), str(report.get("content")), row.id)

    async def _saved(self, note: str, text: str, request_id: str = "") -> StepResult:
        left = await self.leave(MemoryContext(notes=(text,), note=note), request_id=request_id)
        return StepResult(text=f"Remembered: {text}", context=left)

    async def _found(self, notes: Notes, user: str, text: str) -> StepResult:
        found = await notes.search(user, text)
        left = await self.leave(MemoryContext(notes=tuple(note.text for note in found)))
        if not found:
            about = f" about '{text}'" if text else ""
            return StepResult(text=f"Nothing is remembered{about}.", context=left)
        lines = [f"  {note.saved:%Y-%m-%d %H:%M} UTC  {note.text}" for note in found]
        return StepResult(text="\n".join(["Remembered:", *lines]), context=left)


def _effect(notes: Notes, request_id: str) -> Any:
    """Give what does the approved operation in the claim's own transaction, from the approved content alone."""

    def work(connection: Connection, content: Mapping[str, Any]) -> Mapping[str, Any]:
        if content["operation"] == "search":
            return dict(content)
        note = notes.insert(connection, str(content["user_id"]), str(content["content"]), key=request_id)
        return {**content, "note": note.id, "content": note.text}

    return work
