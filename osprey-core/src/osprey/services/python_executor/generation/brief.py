"""What a model that writes code is told: the rules, the runtime, the channels, the task, and what went wrong."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import anyio.to_thread
from attrs import frozen

from osprey.control.channels.grounding import channel_list
from osprey.prompts.fencing import DATA_RULE, Source, fence
from osprey.prompts.library import prompts_of
from osprey.services.python_executor.generation.examples import Example, find_examples
from osprey.services.python_executor.generation.runtime_page import runtime_page

if TYPE_CHECKING:
    from osprey.project import Project
    from osprey.services.python_executor.models import PythonExecutionRequest

PROMPT: Final = "write-python"
_PREVIEW: Final = 600
"""Characters of one value of an earlier step; the code itself gets the whole of it."""
_MOST_CONTEXT: Final = 8_000
_ERRORS_TOLD: Final = 3
"""The latest failures; what was wrong before them was mended."""
_ERROR_CHARS: Final = 4_000


@frozen(kw_only=True)
class WritingBrief:
    """What is told, in parts; text from outside is fenced in each."""

    rules: str
    """How a program is written here, with the runtime and the channels; without the examples."""
    task: str
    failures: str
    """How earlier attempts failed; empty at the first one."""
    examples: tuple[Example, ...]
    """Programs that ended well for tasks like this one, the best first."""


async def writing_brief(
    project: Project, request: PythonExecutionRequest, error_chain: Sequence[str], *, with_examples: bool = True
) -> WritingBrief:
    """Put together what a model is told of a request.

    :param with_examples: put the examples into the rules as well.
    """
    task = f"{request.task_objective}\n{request.user_query}"
    examples = await anyio.to_thread.run_sync(find_examples, project.state_dir, task)
    rules = prompts_of(project).render(
        PROMPT,
        runtime=runtime_page(),
        channels=await _channels(project, request, task),
        inputs=_inputs(request.capability_context_data),
        expected=_listed(request.expected_results),
        wishes=_wishes(request.capability_prompts),
        examples=_examples(examples) if with_examples else "",
        time_zone=project.config.facility.time_zone,
    )
    return WritingBrief(
        rules=f"{DATA_RULE}\n\n{rules}",
        task=_task(request),
        failures=_failures(error_chain) if error_chain else "",
        examples=tuple(examples),
    )


async def _channels(project: Project, request: PythonExecutionRequest, task: str) -> str:
    from osprey.control.targets import targets_of

    target = await targets_of(project).get(request.target)
    # What earlier steps found is what the task is about, whatever words it uses.
    named = json.dumps(dict(request.capability_context_data), default=str)[:_MOST_CONTEXT]
    return channel_list(f"{task}\n{named}", await target.directory())


def _inputs(context: Mapping[str, Any]) -> str:
    if not context:
        return ""
    lines = [f"inputs[{key!r}] = {json.dumps(value, default=str)[:_PREVIEW]}" for key, value in context.items()]
    return fence("\n".join(lines), Source.RESULT, limit=_MOST_CONTEXT)


def _listed(expected: Mapping[str, Any]) -> str:
    return "\n".join(f"- {key!r}: {what}" for key, what in expected.items())


def _wishes(prompts: Sequence[str]) -> str:
    return "\n".join(prompts)


def _examples(examples: Sequence[Example]) -> str:
    return "\n\n".join(fence(f"# {one.title}\n{one.code}", Source.RUN) for one in examples)


def _task(request: PythonExecutionRequest) -> str:
    asked = fence(request.user_query, Source.QUESTION)
    return f"Write the program for this task: {request.task_objective}\n\nWhat the person asked:\n{asked}"


def _failures(error_chain: Sequence[str]) -> str:
    told = [fence(str(error), Source.FAILURE, limit=_ERROR_CHARS) for error in error_chain[-_ERRORS_TOLD:]]
    head = f"Earlier attempts have failed ({len(error_chain)}). Mend what follows, do not repeat it:"
    return "\n\n".join((head, *told))
