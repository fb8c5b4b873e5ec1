"""The generator: it puts the phases of a profile to Claude Code, and takes the program from the last answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import anyio
import anyio.to_thread

from osprey.api import (
    CodeGenerationError,
    ModelError,
    ModelErrorKind,
    Project,
    PythonExecutionRequest,
    WritingBrief,
    address_of,
    code_block_in,
    current_project,
    writing_brief,
)
from osprey_claude.code.claude_file import read_claude_file
from osprey_claude.code.phases import phase_text, system_text
from osprey_claude.code.scratch import reading_list, scratch_for
from osprey_claude.code.session import Session, open_session
from osprey_claude.code.settings import WHERE, ClaudeSettings, Way, settings_from, way_of


class ClaudeCodeGenerator:
    """Has Claude Code write, for the project of the current context.

    It reads copies of examples and guidance in a folder of its own, and does nothing else: it starts no program, writes
    no file and reaches no machine.
    """

    def __init__(self, model_config: ClaudeSettings | Mapping[str, Any] | None = None) -> None:
        """Build it; nothing is started before it is asked.

        :raises ConfigError: a setting is not what it has to be.
        """
        self.settings = settings_from(model_config)
        self._metadata: dict[str, Any] = {}

    async def generate_code(self, request: PythonExecutionRequest, error_chain: list[str]) -> str:
        """Write the program, told of what went wrong before.

        :raises CodeGenerationError: the last answer holds no program.
        :raises ModelError: Claude Code gave no answer, or not in time, or for no more than it may cost.
        :raises ConfigError: the file of settings is wrong, or no key is configured.
        """
        project = current_project()
        file = await anyio.to_thread.run_sync(read_claude_file, self.settings.claude_config_path, project.root)
        way = way_of(self.settings, file)
        brief = await writing_brief(project, request, error_chain, with_examples=False)
        try:
            with anyio.fail_after(way.profile.timeout_s):
                answer = await self._work(project, way, brief)
        except TimeoutError as exc:
            msg = f"Claude Code did not come to an end within {way.profile.timeout_s:g} s: raise timeout_s"
            raise ModelError(msg, kind=ModelErrorKind.TIMEOUT) from exc
        code = code_block_in(answer)
        if "```" not in answer or not code.strip():
            msg = "the answer of Claude Code holds no program"
            raise CodeGenerationError(msg, generation_attempt=len(error_chain) + 1, error_chain=error_chain)
        return code if code.endswith("\n") else f"{code}\n"

    def get_generation_metadata(self) -> dict[str, Any]:
        """Say how the last program came about: model, phases, turns, tokens, estimated cost, refused calls."""
        return dict(self._metadata)

    async def _work(self, project: Project, way: Way, brief: WritingBrief) -> str:
        address = address_of(project, way.provider, way.model_id, where=WHERE)
        with scratch_for(brief, way.file.codebase_guidance) as scratch:
            async with open_session(way, address, scratch, system_text(way.file, brief)) as session:
                answer = ""
                try:
                    for number, phase in enumerate(way.profile.phases):
                        asked = phase_text(phase, way.file)
                        if number == 0:
                            asked = "\n\n".join(filter(None, (brief.task, brief.failures, _files(scratch.work), asked)))
                        answer = await session.ask(asked)
                finally:
                    self._metadata = _metadata(way, session)
                return answer


def _files(work: Any) -> str:
    listed = reading_list(work)
    return f"Files to read in this folder:\n{listed}" if listed else ""


def _metadata(way: Way, session: Session) -> dict[str, Any]:
    return {
        "model": way.model_id,
        "phases": list(way.profile.phases),
        "turns": session.turns,
        "cost_usd": session.cost_usd,
        "refused": list(session.gate.refused),
        **session.tokens,
    }
