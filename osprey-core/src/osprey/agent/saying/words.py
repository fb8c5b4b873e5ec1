"""The words of an answer, by the model of role `response`: asked once, after the steps, and held to what they show."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import anyio
from attrs import frozen

from osprey.agent.accounting import asking_in_turn, tell_thought
from osprey.agent.brakes import effect_free
from osprey.agent.saying.checking import told_unshown, unshown_in
from osprey.agent.saying.turns import MOST_TEXT, evidence_in, told_context, told_text
from osprey.agent.state import TurnStatus
from osprey.agent.thinking.asking import said, told
from osprey.agent.thinking.drafting import shown
from osprey.agent.thinking.tracing import Stage, Thought
from osprey.config import ModelRole
from osprey.control import targets_of
from osprey.errors import OspreyError
from osprey.models.chat.asking import models_of
from osprey.models.chat.messages import ChatReply, ChatRequest, Finish
from osprey.printable import printable_lines
from osprey.prompts.fencing import Source, fence
from osprey.prompts.library import prompts_of

if TYPE_CHECKING:
    from osprey.agent.saying.checking import IsChannel
    from osprey.agent.state import TurnState
    from osprey.models.chat.account import Account
    from osprey.project import Project

_MOST_SAID: Final = 4_000
"""Characters; a longer text is no summary of anything."""
_MOST_TOLD: Final = 60_000
"""Characters of what all steps said and left."""
_NO_MODEL: Final = "no model is configured for it (models.response)"
_NO_TIME: Final = "the turn had no time left for it (execution_control.limits.max_execution_time_seconds)"


@frozen(kw_only=True)
class Words:
    """What a model said of the results; or why there are no words of one."""

    text: str = ""
    by: str = ""
    """The model, as the configuration names it."""
    problem: str = ""


async def words_for(project: Project, state: TurnState, *, left_s: float) -> Words | None:
    """Have a model say what the plan wants said in words; None: nothing of that kind is wanted.

    Only of a turn whose steps have all been done. Whatever goes wrong, the answer is given without words.

    :param left_s: how long the turn may still work.
    """
    wanted = str(state.get("plan", {}).get("explain", ""))
    if not wanted or state.get("status") != TurnStatus.DONE:
        return None
    if not models_of(project).serves(ModelRole.RESPONSE):
        return Words(problem=_NO_MODEL)
    try:
        with effect_free(), anyio.fail_after(left_s):
            found = await _worded(project, state, wanted)
    except TimeoutError:
        found = Words(problem=_NO_TIME)
    except OspreyError as exc:  # no model answered, or the turn was halted: what was done is told all the same
        found = Words(problem=shown(str(exc)))
    problems = (found.problem,) if found.problem else ()
    summary = "no words for the answer" if found.problem else f"words for the answer: {len(found.text)} characters"
    tell_thought(Thought(stage=Stage.WORDING, summary=summary, problems=problems))
    return found


async def _worded(project: Project, state: TurnState, wanted: str) -> Words:
    request = _request(project, state, wanted)
    is_channel = await _channels_of(project, state)
    with asking_in_turn(project.config) as account:
        reply = await models_of(project).of(ModelRole.RESPONSE).ask(request, account=account)
        if problem := _unusable(reply):
            account.discard()
            return Words(problem=problem)
        text = printable_lines(reply.text).strip()
        evidence = evidence_in(state, zone=project.config.facility.time_zone)
        if unshown := unshown_in(text, evidence, is_channel=is_channel):
            account.discard()
            return Words(problem=f"the model's text was thrown away, because no step shows {told_unshown(unshown)}")
        return Words(text=text, by=_last_of(account))


def _request(project: Project, state: TurnState, wanted: str) -> ChatRequest:
    prompt = prompts_of(project).render(
        "answer",
        wanted=fence(wanted, Source.ANSWER),
        steps=_told_steps(state),
        target=state.get("target", ""),
        time_zone=project.config.facility.time_zone,
    )
    return ChatRequest(messages=(told(prompt), said(state.get("task") or state.get("user_query", ""))))


def _told_steps(state: TurnState) -> str:
    results: list[dict[str, Any]] = state.get("results", [])
    steps: list[dict[str, Any]] = state.get("plan", {}).get("steps", [])
    limit = min(MOST_TEXT, _MOST_TOLD // max(1, 2 * len(results)))
    blocks: list[str] = []
    for step, result in zip(steps, results, strict=False):
        lines = [f"{step['capability']}: {result['status']}", *told_text(result, limit), *told_context(result, limit)]
        blocks.append("\n".join(lines))
    return "\n\n".join(blocks)


def _unusable(reply: ChatReply) -> str:
    """Say why an answer is none that can be looked at; empty: it is one."""
    if reply.finish is Finish.REFUSAL:
        return "the model declined"
    if reply.finish is Finish.LENGTH:
        return "the model's text was cut off at its greatest length"
    if not reply.text.strip():
        return "the model's text was empty"
    if len(reply.text) > _MOST_SAID:
        return f"the model's text has {len(reply.text)} characters, and at most {_MOST_SAID} are taken"
    return ""


async def _channels_of(project: Project, state: TurnState) -> IsChannel | None:
    """Give what knows the target's channels and devices; None, where the target cannot be asked for them now."""
    try:
        directory = await (await targets_of(project).get(state.get("target"))).directory()
    except OspreyError:
        return None
    return lambda name: bool(directory.named(name))


def _last_of(account: Account) -> str:
    last = account.attempts[-1]
    return f"{last.provider}/{last.model}"
