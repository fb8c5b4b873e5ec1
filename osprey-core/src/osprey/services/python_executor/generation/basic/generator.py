"""The generator that asks a chat model: one question, one answer, one program."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

import anyio.to_thread

from osprey.models.chat.messages import ChatMessage, ChatReply, ChatRequest, Speaker
from osprey.services.python_executor.exceptions import CodeGenerationError
from osprey.services.python_executor.generation.basic.models import model_for
from osprey.services.python_executor.generation.basic.reply import LARGEST, code_in
from osprey.services.python_executor.generation.basic.saving import save_exchange
from osprey.services.python_executor.generation.basic.settings import BasicSettings, settings_from
from osprey.services.python_executor.generation.brief import WritingBrief, writing_brief
from osprey.services.python_executor.models import PythonExecutionRequest

if TYPE_CHECKING:
    from osprey.models.chat.asking import RoleModel


class BasicLLMCodeGenerator:
    """Asks the model that its settings name, of the project of the current context."""

    def __init__(self, model_config: BasicSettings | Mapping[str, Any] | None = None) -> None:
        """Build it; nobody is contacted before it is asked.

        :raises ValueError: a setting is not what it has to be.
        """
        self.settings = settings_from(model_config)

    async def generate_code(self, request: PythonExecutionRequest, error_chain: list[str]) -> str:
        """Ask for the code, telling the model what went wrong before.

        :raises CodeGenerationError: the model declined, was cut off, or wrote no code.
        :raises ModelError: no model of the chain answered.
        :raises ConfigError, PluginError: no model can be asked as it is configured.
        """
        from osprey.project import current_project

        project = current_project()
        model = model_for(project, self.settings)
        question = _question(await writing_brief(project, request, error_chain))
        reply = await _ask(model, question, error_chain)
        if self.settings.save_prompts and request.execution_folder_path is not None:
            await anyio.to_thread.run_sync(save_exchange, request.execution_folder_path, question, reply)
        return code_in(reply, error_chain)


def _question(brief: WritingBrief) -> ChatRequest:
    told = ChatMessage(speaker=Speaker.SYSTEM, text=brief.rules)
    said = [ChatMessage(speaker=Speaker.USER, text=text) for text in (brief.task, brief.failures) if text]
    return ChatRequest(messages=(told, *said))


async def _ask(model: RoleModel, question: ChatRequest, error_chain: list[str]) -> ChatReply:
    """Ask and read the stream, so that an answer without end is stopped and not collected."""
    length = 0
    async with aclosing(model.stream(question)) as pieces:
        async for piece in pieces:
            if isinstance(piece, ChatReply):
                return piece
            length += len(piece.text)
            if length > LARGEST:
                break
    msg = f"the model's answer does not end: it was stopped after {length} characters"
    raise CodeGenerationError(msg, generation_attempt=len(error_chain) + 1, error_chain=error_chain)
