"""The judgement itself: steps, keys, inputs, parameters, targets, channels; all that is wrong, each with its remedy."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from osprey.agent.plan_validity.channels import unknown_channels
from osprey.agent.plan_validity.parameters import parameter_problems
from osprey.base import ExecutionPlan, PlannedStep
from osprey.config.closest import did_you_mean
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.control.channels.directory import ChannelDirectory
    from osprey.plugins import Registry
    from osprey.registrations import Capability

MOST_STEPS: Final = 50
_KEY: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,63}")
_MOST_TEXT: Final = 2000
"""Characters of an objective, a criterion or an assumption: a person reads them before deciding."""
_MOST_ASSUMPTIONS: Final = 100
_TEXTS: Final = ("task_objective", "success_criteria", "expected_output", "capability")


@frozen(kw_only=True)
class Surroundings:
    """What a plan is judged in, beside the registry; what is None is not looked at."""

    allowed: Collection[str] | None = None
    """The capabilities that it may use."""
    earlier: Mapping[str, str] = field(factory=dict[str, str])
    """What earlier turns have left behind and steps may take: context key -> type."""
    targets: Collection[str] | None = None
    """The targets that a step may name."""
    directory: ChannelDirectory | None = None
    """The channels that there are."""


def plan_problems(plan: ExecutionPlan, registry: Registry, surroundings: Surroundings | None = None) -> tuple[str, ...]:
    """Give everything that keeps a plan from running, each naming its step and what to do; empty if it can run."""
    around = surroundings or Surroundings()
    wrong: list[str] = [] if plan.steps else ["the plan has no step"]
    if len(plan.steps) > MOST_STEPS:
        wrong.append(f"the plan has {len(plan.steps)} steps: at most {MOST_STEPS} are taken; ask for less at once")
        return tuple(wrong)
    wrong += _wrong_assumptions(plan)
    if len(plan.explain) > _MOST_TEXT:
        wrong.append(f"explain has {len(plan.explain)} characters: at most {_MOST_TEXT} are taken")
    left: dict[str, tuple[str, ...]] = {key: (kind,) for key, kind in around.earlier.items()}
    later = [step.context_key for step in plan.steps]
    own: set[str] = set()
    for number, step in enumerate(plan.steps, start=1):
        told = [
            *_wrong_key(step, own, around.earlier),
            *_wrong_texts(step),
            *_wrong_capability(step, registry, around.allowed),
            *_wrong_inputs(step, left, later),
            *_wrong_target(step, around.targets),
        ]
        if step.capability in registry.names("capabilities"):
            declared = registry.entry("capabilities", step.capability).registration
            told += [*_wrong_output(step, declared), *_unmet(step, declared), *parameter_problems(step, registry)]
            left.setdefault(step.context_key, (step.expected_output,) if step.expected_output else declared.provides)
        else:
            left.setdefault(step.context_key, (step.expected_output,) if step.expected_output else ())
        own.add(step.context_key)
        wrong += [f"step {number} ({printable(step.context_key[:64])}): {one}" for one in told]
    if around.directory is not None:
        wrong += unknown_channels(plan, around.directory)
    return tuple(wrong)


def _wrong_assumptions(plan: ExecutionPlan) -> list[str]:
    wrong: list[str] = []
    if len(plan.assumptions) > _MOST_ASSUMPTIONS:
        wrong.append(f"the plan has {len(plan.assumptions)} assumptions: at most {_MOST_ASSUMPTIONS} can be read")
    if any(len(text) > _MOST_TEXT for text in plan.assumptions):
        wrong.append(f"an assumption has more than {_MOST_TEXT} characters: say it shorter")
    return wrong


def _wrong_key(step: PlannedStep, own: Collection[str], earlier: Mapping[str, str]) -> list[str]:
    key = step.context_key
    if not key or key in own:
        return ["its context_key is empty, or another step has it"]
    if key in earlier:
        return [f"its context_key {key!r} is that of a result of an earlier turn: choose another"]
    if not _KEY.fullmatch(key):
        return [f"its context_key {key[:80]!r} is no key: a letter, then letters, digits, '_', '-' or '.', 64 at most"]
    return []


def _wrong_texts(step: PlannedStep) -> list[str]:
    texts = {name: getattr(step, name) for name in _TEXTS}
    wrong = [
        f"its {name} has {len(text)} characters: at most {_MOST_TEXT} are taken"
        for name, text in texts.items()
        if len(text) > _MOST_TEXT
    ]
    if not step.task_objective.strip():
        wrong.append("its task_objective is empty: say in one sentence what the step is for")
    return wrong


def _wrong_capability(step: PlannedStep, registry: Registry, allowed: Collection[str] | None) -> list[str]:
    names = registry.names("capabilities")
    if step.capability not in names:
        known = did_you_mean(step.capability[:80], names) or f"there are {', '.join(sorted(names))}"
        return [f"there is no capability {step.capability[:80]!r}; {known}"]
    if allowed is not None and step.capability not in allowed:
        return [f"capability {step.capability!r} may not be used here; use {', '.join(sorted(allowed))}"]
    return []


def _wrong_inputs(step: PlannedStep, left: Mapping[str, tuple[str, ...]], all_keys: Collection[str]) -> list[str]:
    wrong: list[str] = []
    for kind, key in (pair for named in step.inputs for pair in named.items()):
        there = left.get(key)
        if key == step.context_key:
            wrong.append("it needs its own result: name an earlier step, or nothing")
        elif there is None and key in all_keys:
            wrong.append(f"it needs the result of {key[:80]!r}, which no earlier step leaves behind: move that step up")
        elif there is None:
            wrong.append(f"it needs the result of {key[:80]!r}, which no earlier step leaves behind")
        elif there and kind not in there:
            wrong.append(f"it needs {printable(kind[:80])} of {key[:80]!r}, which leaves {' and '.join(there)}")
    return wrong


def _wrong_output(step: PlannedStep, declared: Capability) -> list[str]:
    if step.expected_output and declared.provides and step.expected_output not in declared.provides:
        leaves = " or ".join(declared.provides)
        return [f"its expected_output is {step.expected_output[:80]!r}, and {declared.name} leaves {leaves}"]
    return []


def _unmet(step: PlannedStep, declared: Capability) -> list[str]:
    given = {kind for named in step.inputs for kind in named}
    return [
        f"{declared.name} needs {kind}, which none of its inputs is: name the step that leaves it"
        for kind in declared.consumes
        if kind not in given
    ]


def _wrong_target(step: PlannedStep, targets: Collection[str] | None) -> list[str]:
    named: Any = step.parameters.get("target")
    if targets is None or named is None or named in targets:
        return []
    return [f"its target {str(named)[:80]!r} is not allowed here; allowed: {', '.join(sorted(targets)) or 'none'}"]
