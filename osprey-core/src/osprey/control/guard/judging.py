"""Judging a batch: every check on every item, the whole batch before the first put."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import anyio
from attrs import define, frozen

from osprey.control.comparison import shape_of
from osprey.control.guard import checks
from osprey.control.guard.checks import Case, Check, Scene
from osprey.control.guard.first_look import look_at
from osprey.control.guard.survey import (
    OwnGroup,
    PastWrites,
    describe_channels,
    look_back,
    read_channels,
)
from osprey.control.protocols import WritePolicy
from osprey.control.requests import JudgedItem, Judgement, PolicyDemand, WriteBatch, WriteItem
from osprey.control.values import ChannelInfo, Fault
from osprey.errors import ConnectorError, RefusedError

if TYPE_CHECKING:
    from osprey.control.targets import Target

LONGEST_SETTLE_S: Final = 3600.0


@frozen
class Refusal:
    """The rule that decided, and why, in one sentence."""

    rule: str
    reason: str


@define
class Verdict:
    """A case as far as it got, and what stopped it; changed in place, as its case is."""

    case: Case
    refusal: Refusal | None = None


@frozen(kw_only=True)
class Judged:
    """The verdicts on a batch, with all that applying it needs."""

    target: Target
    batch: WriteBatch
    scene: Scene
    verdicts: Sequence[Verdict]
    begun_at: float
    """When judging began, before anything was read, by the clock of `anyio.current_time`, which nobody sets."""
    demands: tuple[PolicyDemand, ...] = ()
    """What write policies ask of its approval."""

    @property
    def judgement(self) -> Judgement:
        """The verdict as it is told: what a person sees. Applying does without."""
        return _conclude(self)


@frozen(kw_only=True)
class Bench:
    """What the guard judges with, apart from the batch."""

    target: Target
    policies: Mapping[str, WritePolicy]
    withheld_policies: tuple[str, ...]
    ledger: PastWrites

    async def scene(self, *, settle_s: float, now_ns: int) -> Scene:
        """Set the scene for one batch or group, with the limits as their file states them now."""
        return Scene(
            config=self.target.config,
            simulated=self.target.simulated,
            limits=self.target.limits,
            directory=await self.target.directory(),
            withheld_policies=self.withheld_policies,
            settle_s=settle_s,
            now_ns=now_ns,
        )


def check_batch(batch: WriteBatch) -> None:
    """Refuse a batch that has no meaning, before anything is read for it."""
    if not batch.groups or not all(batch.groups):
        raise RefusedError("there is nothing to write: a group without an item", rule="batch.empty")
    if not (math.isfinite(batch.settle_s) and 0 <= batch.settle_s <= LONGEST_SETTLE_S):
        msg = f"settle_s is {batch.settle_s}: use 0 to {LONGEST_SETTLE_S:g} s"
        raise RefusedError(msg, rule="batch.settle_s")


async def judge_batch(bench: Bench, batch: WriteBatch, *, actor: str, now_ns: int, is_renewal: bool = False) -> Judged:
    """Judge every item on the state that the items before it leave; one refusal refuses all.

    :param is_renewal: it was judged before, and is judged once more just before it is put.
    :raises RefusedError: the batch as such has no meaning.
    """
    check_batch(batch)
    begun_at = anyio.current_time()
    scene = await bench.scene(settle_s=batch.settle_s, now_ns=now_ns)
    demands: list[PolicyDemand] = []
    try:
        verdicts = await _judge_items(bench, batch, scene, is_renewal=is_renewal)
        if bench.policies and all(verdict.refusal is None for verdict in verdicts):
            demands = await _ask_policies(bench, verdicts, actor)
    except ConnectorError as exc:
        verdicts = refuse_all(batch, Refusal("target.unreachable", str(exc)))
    except Exception as exc:  # noqa: BLE001 - the guard's refusal: whatever fails here refuses the batch
        reason = f"judging failed, which refuses: {type(exc).__name__}: {exc}"
        verdicts = refuse_all(batch, Refusal("guard.error", reason))
    return Judged(
        target=bench.target, batch=batch, scene=scene, verdicts=verdicts, begun_at=begun_at, demands=tuple(demands)
    )


async def _judge_items(bench: Bench, batch: WriteBatch, scene: Scene, *, is_renewal: bool) -> list[Verdict]:
    items = [(g, i, item) for g, group in enumerate(batch.groups) for i, item in enumerate(group)]
    look = await look_at(bench.target, [item.channel for _, _, item in items], is_renewal=is_renewal)
    scene.readings = look.readings
    verdicts = [Verdict(_case(item, g, i, look.described)) for g, i, item in items]
    for verdict in verdicts:
        run_checks(checks.BEFORE_READING, verdict, scene)
    _refuse_doubles(verdicts)
    cases = [verdict.case for verdict in verdicts if verdict.refusal is None]
    await look_around(bench, cases, scene, also=batch.observe)
    scene.plan(cases)
    for verdict in verdicts:
        _judge_in_turn(verdict, scene)
    _refuse_blind(verdicts, batch.observe, scene)
    return verdicts


async def look_around(
    bench: Bench,
    cases: Sequence[Case],
    scene: Scene,
    *,
    also: Iterable[str] = (),
    own: OwnGroup | None = None,
) -> None:
    """Read everything that the checks of these cases will look at, unless the scene has it already."""
    expressions = [expr for case in cases if case.rule for expr in case.rule.expressions]
    named = {name for expression in expressions for name in expression.channels}
    infos = await describe_channels(bench.target, sorted(named))
    scene.canonical = {name: _canonical(name, info) for name, info in infos.items()}
    wanted = [*(case.channel for case in cases), *scene.canonical.values(), *also]
    # A name that cannot be told from an alias now is as good as not read: writes beside it would not be seen.
    known = {**scene.readings, **{name: info for name, info in infos.items() if isinstance(info, Fault)}}
    scene.readings = {**known, **await read_channels(bench.target, (name for name in wanted if name not in known))}
    await look_back(bench.ledger, bench.target.name, cases, scene, own=own)


def run_checks(order: Iterable[Check], verdict: Verdict, scene: Scene) -> Verdict:
    """Run checks until one refuses. Whatever else a check raises refuses as well."""
    case = verdict.case
    if verdict.refusal is not None:
        return verdict
    try:
        for check in order:
            if check(case, scene) is not case:
                _refuse_stranger(check)
    except RefusedError as exc:
        verdict.refusal = Refusal(exc.rule, str(exc))
    except Exception as exc:  # noqa: BLE001 - the guard's refusal: an exception in a check refuses
        reason = f"a check of {case.item.channel} failed, which refuses: {type(exc).__name__}: {exc}"
        verdict.refusal = Refusal("guard.error", reason)
    return verdict


def _refuse_stranger(check: Check) -> None:
    """Refuse what a check gives back if it is anything but its case: such a check may have looked at nothing."""
    msg = f"{getattr(check, '__name__', check)} gave something else than its case"
    raise TypeError(msg)


def refuse_all(batch: WriteBatch, refusal: Refusal) -> list[Verdict]:
    """Refuse every item of a batch for one reason."""
    return [
        Verdict(Case(item=item, group=g, index=i, described=ChannelInfo(channel=item.channel, name=None)), refusal)
        for g, group in enumerate(batch.groups)
        for i, item in enumerate(group)
    ]


def _case(item: WriteItem, group: int, index: int, described: Mapping[str, ChannelInfo | Fault]) -> Case:
    return Case(item=item, group=group, index=index, described=described[item.channel])


def _canonical(name: str, info: ChannelInfo | Fault) -> str:
    if isinstance(info, Fault) or not info.name:
        return name
    return info.name if info.is_value_field else f"{info.name}.{info.field}"


def _judge_in_turn(verdict: Verdict, scene: Scene) -> None:
    run_checks(checks.ON_FRESH_VALUES, verdict, scene)
    if verdict.refusal is None:
        scene.leave(verdict.case)


def _refuse_doubles(verdicts: Sequence[Verdict]) -> None:
    """Refuse a channel that stands twice in a group: its items go together, so which one lasts is open."""
    counts = Counter((v.case.group, v.case.channel) for v in verdicts if v.refusal is None)
    if len(counts) == len(verdicts):
        return
    for verdict in verdicts:
        case = verdict.case
        if verdict.refusal is None and counts[case.group, case.channel] > 1:
            told = f"{case.channel} stands twice in a group; use one group each"
            verdict.refusal = Refusal("batch.duplicate", told)


def _refuse_blind(verdicts: Sequence[Verdict], observe: Iterable[str], scene: Scene) -> None:
    """Refuse a scan whose observed channels cannot be read: it would move the machine for nothing."""
    faults = [result for name in observe if isinstance(result := scene.readings.get(name), Fault)]
    if not faults:
        return
    reason = f"{faults[0].channel} is to be observed but cannot be read: {faults[0].message}"
    for verdict in verdicts:
        verdict.refusal = verdict.refusal or Refusal("observe.unreadable", reason)


async def _ask_policies(bench: Bench, verdicts: Sequence[Verdict], actor: str) -> list[PolicyDemand]:
    cases = [verdict.case for verdict in verdicts]
    found, demands = await checks.ask_policies(bench.policies, bench.target.name, actor, cases)
    for verdict in verdicts if found else ():
        no = next((f for f in found if f.channel in (None, verdict.case.channel)), None)
        verdict.refusal = Refusal(no.rule, no.reason) if no else None
    return demands


def _conclude(judged: Judged) -> Judgement:
    target, batch, scene = judged.target, judged.batch, judged.scene
    return Judgement(
        target=target.name,
        is_allowed=all(verdict.refusal is None for verdict in judged.verdicts),
        items=tuple(_judged_item(verdict) for verdict in judged.verdicts),
        limits_sha256=scene.limits.sha256,
        simulated=target.simulated,
        posture=target.config.posture.value,
        judged_ns=scene.now_ns,
        observe=batch.observe,
        settle_s=batch.settle_s,
        demands=judged.demands,
    )


def _judged_item(verdict: Verdict) -> JudgedItem:
    case, refusal = verdict.case, verdict.refusal
    info = ChannelInfo(channel=case.item.channel, name=None) if isinstance(case.described, Fault) else case.described
    before = case.before
    return JudgedItem(
        channel=case.item.channel,
        name=case.channel or case.item.channel,
        group=case.group,
        is_allowed=refusal is None,
        rule=refusal.rule if refusal else "ok",
        reason=refusal.reason if refusal else "",
        value=case.item.value if refusal and case.value is None else case.typed_value,
        dtype=info.dtype,
        shape=info.shape if case.value is None else shape_of(case.value),
        label=case.label,
        unit=info.unit,
        is_command=info.is_command,
        before=None if before is None else before.value,
        before_severity=None if before is None or case.is_left_by_batch else before.severity,
        before_ns=None if before is None or case.is_left_by_batch else before.source_ns,
        bounds=case.bounds,
        readback=case.readback,
        tolerance=case.tolerance,
        precision=info.precision,
        description=info.description,
        line=case.item.line,
    )
