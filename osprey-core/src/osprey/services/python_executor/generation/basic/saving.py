"""Questions and answers kept beside a run, for whoever wants to know why the code is as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from osprey.models.chat.messages import ChatReply, ChatRequest
from osprey.services.python_executor.record import write_private

_FOLDER: Final = "prompts"


def save_exchange(run_folder: Path, question: ChatRequest, reply: ChatReply) -> Path:
    """Write one question and its answer into the run's folder; the next one gets the next number."""
    folder = run_folder / _FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    number = len(list(folder.glob("generation_*.md"))) + 1
    parts = [f"## {message.speaker}\n\n{message.text}\n" for message in question.messages]
    path = folder / f"generation_{number:02}.md"
    write_private(path, "\n".join([*parts, f"## answer of {reply.model}\n\n{reply.text}\n"]).encode())
    return path
