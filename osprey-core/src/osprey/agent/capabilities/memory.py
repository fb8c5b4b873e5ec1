"""Remember a sentence, and find what was remembered."""

from __future__ import annotations

from osprey.approval import current_actor
from osprey.base import BaseCapability, StepResult
from osprey.errors import UsageError
from osprey.services.memory_storage import Notes, notes_of


class MemoryCapability(BaseCapability):
    """Save and search the notes of the person who asks."""

    name = "memory"
    description = "Remember a fact, or say what is remembered"

    async def execute(self) -> StepResult:
        operation, text = str(self.parameter("op")), str(self._step.parameters.get("text", ""))
        notes = notes_of(self._project)
        user = current_actor().subject
        match operation:
            case "save":
                note = await notes.save(user, text)
                return StepResult(text=f"Remembered: {note.text}", context={"note": note.id})
            case "search":
                return await _found(notes, user, text)
            case _:
                msg = f"capability 'memory' has no operation {operation!r}; it has 'save' and 'search'"
                raise UsageError(msg)


async def _found(notes: Notes, user: str, text: str) -> StepResult:
    found = await notes.search(user, text)
    if not found:
        about = f" about '{text}'" if text else ""
        return StepResult(text=f"Nothing is remembered{about}.")
    lines = [f"  {note.saved:%Y-%m-%d %H:%M} UTC  {note.text}" for note in found]
    return StepResult(text="\n".join(["Remembered:", *lines]), context={"notes": [n.text for n in found]})
