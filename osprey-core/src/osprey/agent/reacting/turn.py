"""One question to the model in a turn that is planned as it goes, and what becomes of the turn's state.

The turn ends where the model gives its final answer, and where a bound is reached: of steps, of answers without a good
step, of tokens and cost, of the same call again and again. What was done until then stands in the answer in any case.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Final

import cattrs
from attrs import evolve, frozen

from osprey.agent._serialization import to_plain
from osprey.agent.accounting import carried_from, enter_attempts, tell_thought, usage_of
from osprey.agent.planning_desk import ask_of
from osprey.agent.reacting.asking import ask_round
from osprey.agent.reacting.calls import Judged, judge
from osprey.agent.reacting.exchange import Call, Exchange, Round, exchange_in, is_reactive
from osprey.agent.reacting.wording import opening, spoken
from osprey.agent.saying.checking import told_unshown, unshown_in
from osprey.agent.saying.turns import evidence_in
from osprey.agent.state import TurnState, TurnStatus
from osprey.agent.stepping import may_change
from osprey.agent.thinking.by_model import WRITES_UNASKED, is_look, writes
from osprey.agent.thinking.conversation import conversation_text, recent
from osprey.agent.thinking.desk import offered_to_models, order_of
from osprey.agent.thinking.drafting import shown
from osprey.agent.thinking.offers import offered
from osprey.agent.thinking.tracing import Stage, Thought
from osprey.agent.thinking.undoing import is_undo
from osprey.base import ExecutionPlan, PlannedStep, StepStatus
from osprey.config import ModelRole
from osprey.control import targets_of
from osprey.control.channels.grounding import channel_list
from osprey.errors import ModelError, OspreyError
from osprey.models.chat.account import Account
from osprey.models.chat.asking import models_of
from osprey.prompts.library import prompts_of

if TYPE_CHECKING:
    from osprey.agent.thinking.desk import Ask
    from osprey.agent.thinking.orchestration import Order
    from osprey.project import Project
    from osprey.registrations import Capability

_SAME_CALLS: Final = 3
"""So many calls of the same step with the same parameters are a loop; of one that looks, with no change between."""
_NO_MODEL: Final = (
    "no model works step by step, because none is configured for it (models.react): "
    "the built-in phrasebook planned everything first"
)


@frozen(kw_only=True)
class Reacted:
    """What one question to the model changes in the turn's state; or why the turn is planned first after all."""

    changed: TurnState
    plans_first: str = ""
    """A sentence for the person; empty: it is not."""


@frozen(kw_only=True)
class _Work:
    order: Order
    ask: Ask
    offers: tuple[Capability, ...]
    exchange: Exchange
    most_steps: int


def goes_reactively(state: TurnState) -> bool:
    """Say whether a model is asked what comes next: not for a given plan, a direct chat, or what undoes a change."""
    is_settled = bool(state.get("given_plan") or state.get("chat") or is_undo(state.get("user_query", "")))
    return is_reactive(state) and not is_settled


async def react(project: Project, state: TurnState) -> Reacted:
    """Ask the model what comes next, once.

    :raises OspreyError: the target cannot be asked for its channels, or something cannot be used as it is configured.
    """
    if not models_of(project).serves(ModelRole.REACT):
        return Reacted(changed={}, plans_first=_NO_MODEL)
    account = Account.of(project.config, carried_from(state.get("usage", {})))
    work = await _work(project, state)
    try:
        answer = await _asked(project, state, work, account)
    except ModelError as exc:
        changed: TurnState = {"usage": usage_of(account)}
        why = f"no model goes on ({exc.kind}): {shown(str(exc))}"
        tell_thought(Thought(stage=Stage.REACTION, summary="no model goes on", problems=(str(exc),)))
        if not _steps(state):
            told = f"no model gave a first step ({exc.kind}): the built-in phrasebook planned everything first. "
            return Reacted(changed=changed, plans_first=f"{told}{shown(str(exc))}")
        return Reacted(changed={**changed, **_ended(TurnStatus.FAILED, f"The work ended early: {why}")})
    finally:
        enter_attempts(account)
    grounded = _grounded(project, state, work, answer, account)
    known: TurnState = {"usage": usage_of(account), "task": work.order.task}
    return Reacted(changed={**known, **_after(project, state, work, grounded)})


async def _work(project: Project, state: TurnState) -> _Work:
    ask = await ask_of(project, state)
    exchange = exchange_in(state, now_ns=time.time_ns())
    directory = await (await targets_of(project).get(ask.target)).directory()
    return _Work(
        order=order_of(project, ask, directory, exchange.now_ns),
        ask=ask,
        offers=offered_to_models(project, offered(project.registry, ask.capabilities)),
        exchange=exchange,
        most_steps=project.config.turn_limits.max_steps,
    )


async def _asked(project: Project, state: TurnState, work: _Work, account: Account) -> Round:
    model = models_of(project).of(ModelRole.REACT)
    has_tools = model.has_tools
    told = opening(
        work.order,
        work.offers,
        work.ask.history,
        prompts_of(project),
        has_tools=has_tools,
        most_steps=work.most_steps,
    )
    messages = [*told, *spoken(work.exchange, state, project.registry, has_tools=has_tools)]
    before = len(work.exchange.calls)
    return await ask_round(model, messages, work.offers, project.registry, account=account, calls_before=before)


def _after(project: Project, state: TurnState, work: _Work, answer: Round) -> TurnState:
    """Take an answer as what it is: the end, the next steps, or nothing that can be used."""
    if not answer.calls and not answer.problem:
        if not answer.unshown:
            tell_thought(Thought(stage=Stage.REACTION, summary="the final answer"))
        return _ended(_status_of(state), _closing(state, answer))
    if same := _loop(project, state, work.exchange, answer):
        tell_thought(Thought(stage=Stage.REACTION, summary="a loop", problems=(f"{same.name} again and again",)))
        told = f"The work ended: the model asked for the same step ({same.name}) {_SAME_CALLS} times."
        return _ended(TurnStatus.FAILED, told)
    room = work.most_steps - len(_steps(state))
    if answer.calls and room <= 0:
        told = f"The work ended: it has had its {work.most_steps} steps, and the model asked for more."
        remedy = "Ask for less at once, or raise execution_control.limits.max_steps."
        return _ended(TurnStatus.FAILED, f"{told} {remedy}")
    judged = _bounded([judge(call, work.order, work.offers, state) for call in answer.calls], room, work.most_steps)
    kept = evolve(answer, calls=tuple(one.call for one in judged))
    exchange = evolve(work.exchange, rounds=(*work.exchange.rounds, kept))
    tell_thought(Thought(stage=Stage.REACTION, summary=_summary(kept), problems=kept.problems))
    changed: TurnState = {"exchange": to_plain(exchange)}
    steps = [one.step for one in judged if one.step is not None]
    if steps:
        return {**changed, "plan": to_plain(_grown(project, state, work.order, steps))}
    if exchange.failed_in_a_row >= work.order.attempts:
        return {**changed, **_ended(TurnStatus.FAILED, _gave_up(exchange, kept))}
    return changed


def _grounded(project: Project, state: TurnState, work: _Work, answer: Round, account: Account) -> Round:
    """Hold a final answer against what was shown: thrown away it leaves the record of the steps, and is counted.

    Where no step has run there is no record, so the model is told, and may ask for a step that shows what it said.
    """
    if answer.calls or answer.problem:
        return answer
    known = [conversation_text(recent(work.ask.history))]
    if not _steps(state):
        known.append(channel_list(work.order.task, work.order.directory))
    evidence = evidence_in(state, zone=work.order.time_zone, more=known)
    unshown = unshown_in(answer.said, evidence, is_channel=lambda name: bool(work.order.directory.named(name)))
    if not unshown:
        return answer
    account.discard()
    told = told_unshown(unshown)
    tell_thought(Thought(stage=Stage.REACTION, summary="the final answer was thrown away", problems=unshown))
    if _steps(state):
        return evolve(answer, said="", unshown=told)
    return evolve(answer, problem=f"nothing has shown {told}: ask for a step that shows it, or answer without it")


def _closing(state: TurnState, answer: Round) -> str:
    if answer.unshown:
        return f"The model's summary was thrown away, because no step shows {answer.unshown}."
    return f"The model's summary: {answer.said}" if _steps(state) else answer.said


def _bounded(judged: list[Judged], room: int, most_steps: int) -> list[Judged]:
    """Leave so many steps as the turn may still have."""
    found: list[Judged] = []
    for one in judged:
        if one.step is not None:
            room -= 1
            if room < 0:
                told = f"this turn has {most_steps} steps at most"
                found.append(Judged(call=evolve(one.call, key="", problem=told)))
                continue
        found.append(one)
    return found


def _loop(project: Project, state: TurnState, exchange: Exchange, answer: Round) -> Call | None:
    """Give the call that asks for the same thing once too often, if one does.

    What a change has left may be looked at as often as there are changes: the machine is another one then.
    """
    since = _since_change(project, state, exchange)
    for call in answer.calls:
        before = exchange.calls if _may_change(project, call.name) else since
        asked = [one.signature for one in (*before, *answer.calls)]
        if asked.count(call.signature) >= _SAME_CALLS:
            return call
    return None


def _since_change(project: Project, state: TurnState, exchange: Exchange) -> tuple[Call, ...]:
    """Give the calls after the last one whose step may have changed something."""
    done = {
        str(step["context_key"])
        for step, result in zip(_steps(state), state.get("results", []), strict=False)
        if result["status"] == StepStatus.DONE and _may_change(project, str(step["capability"]))
    }
    places = [place for place, call in enumerate(exchange.calls, start=1) if call.key in done]
    return exchange.calls[places[-1] :] if places else exchange.calls


def _may_change(project: Project, capability: str) -> bool:
    try:
        return may_change(project, capability)
    except OspreyError:  # it does not exist, or does not load, and never runs: asking for it is asking for the same
        return True


def _grown(project: Project, state: TurnState, order: Order, steps: list[PlannedStep]) -> ExecutionPlan:
    """Add steps to the plan; a change that nobody asked for is said with everything that is then asked of a person."""
    plan: dict[str, Any] = state.get("plan", {})
    assumptions = [str(one) for one in plan.get("assumptions", ())]
    added = ExecutionPlan(steps=tuple(steps))
    if WRITES_UNASKED not in assumptions and writes(added, project.registry) and is_look(order):
        assumptions.insert(0, WRITES_UNASKED)
    return ExecutionPlan(steps=(*_planned(state), *steps), assumptions=tuple(assumptions))


def _planned(state: TurnState) -> tuple[PlannedStep, ...]:
    return tuple(cattrs.structure(step, PlannedStep) for step in _steps(state))


def _steps(state: TurnState) -> list[dict[str, Any]]:
    return state.get("plan", {}).get("steps", [])


def _status_of(state: TurnState) -> TurnStatus:
    """Give how a turn ended whose model has said all: it failed if steps were tried and none came to anything."""
    results = state.get("results", [])
    is_done = not results or any(result["status"] == StepStatus.DONE for result in results)
    return TurnStatus.DONE if is_done else TurnStatus.FAILED


def _ended(status: TurnStatus, closing: str) -> TurnState:
    return {"status": status.value, "closing": closing}


def _summary(answer: Round) -> str:
    named = ", ".join(call.name for call in answer.calls)
    return f"asked for {named}" if named else "asked for nothing"


def _gave_up(exchange: Exchange, last: Round) -> str:
    count = exchange.failed_in_a_row
    answers = f"{count} answer{'s' if count > 1 else ''}"
    lines = [f"The work ended: {answers} of the model in a row led to no step that can run:"]
    lines += [f"- {shown(one)}" for one in last.problems]
    lines.append("Ask for less at once, or raise execution_control.limits.max_planning_attempts.")
    return "\n".join(lines)
