"""The second look, just before a group is put: what may have changed since the batch was judged.

Halt, expiry and the owner's fence are looked at by the ledger, in the transaction that opens the intents.
"""

from __future__ import annotations

from collections.abc import Sequence

from osprey.control.guard import checks
from osprey.control.guard.checks import Case, Check, Scene
from osprey.control.guard.first_look import FirstLook, look_at
from osprey.control.guard.judging import Bench, Refusal, Verdict, look_around, run_checks
from osprey.control.guard.survey import OwnGroup
from osprey.control.values import Fault
from osprey.errors import ConnectorError


async def judge_again(
    bench: Bench, cases: Sequence[Case], own: OwnGroup, *, limits_sha256: str, settle_s: float, now_ns: int
) -> list[Verdict]:
    """Judge steps, rates and expressions of the next group on fresh values, before its intents are opened."""
    try:
        scene = await bench.scene(settle_s=settle_s, now_ns=now_ns)
        if scene.limits.sha256 != limits_sha256:
            return _refused(cases, "approval.limits_changed", "the limits file was changed during the writes")
        look = await look_at(bench.target, [case.channel for case in cases], is_renewal=True)
        scene.readings = look.readings
        changed = [verdict for case in cases if (verdict := _describe_again(case, look)) is not None]
        if changed:
            return changed
        await look_around(bench, cases, scene, own=own)
        scene.plan(cases)
        return [_judge(case, scene, checks.BEFORE_A_GROUP) for case in cases]
    except ConnectorError as exc:
        return _refused(cases, "target.unreachable", str(exc))
    except Exception as exc:  # noqa: BLE001 - the guard's refusal: whatever fails here refuses the group
        return _refused(cases, "guard.error", f"judging the group failed: {type(exc).__name__}: {exc}")


async def judge_history(
    bench: Bench, cases: Sequence[Case], own: OwnGroup, *, limits_sha256: str, settle_s: float, now_ns: int
) -> list[Verdict]:
    """Judge the earlier writes once more, now that the open intents keep every other process out.

    Two processes may both have seen room for one write; only the ledger's order of intents decides.
    """
    scene = await bench.scene(settle_s=settle_s, now_ns=now_ns)
    if scene.limits.sha256 != limits_sha256:
        return _refused(cases, "approval.limits_changed", "the limits file was changed during the writes")
    limited = [case for case in cases if case.rule and case.rule.needs_history]
    if not limited:
        return []
    await look_around(bench, limited, scene, own=own)
    return [_judge(case, scene, (checks.settle_before, checks.check_history)) for case in limited]


def _describe_again(case: Case, look: FirstLook) -> Verdict | None:
    """Take over what the system says of the channel now: drive limits and access may have changed since."""
    info, known = look.described[case.channel], case.info
    if isinstance(info, Fault):
        return Verdict(case, Refusal("target.unreachable", f"{case.channel} cannot be described now: {info.message}"))
    if (info.name, info.field, info.dtype, info.unit) != (known.name, known.field, known.dtype, known.unit):
        return Verdict(case, Refusal("approval.changed", f"{case.channel} is not what it was when it was judged"))
    case.described = info
    return None


def _judge(case: Case, scene: Scene, order: Sequence[Check]) -> Verdict:
    verdict = run_checks(order, Verdict(case), scene)
    if verdict.refusal is None:
        scene.leave(verdict.case)
    return verdict


def _refused(cases: Sequence[Case], rule: str, reason: str) -> list[Verdict]:
    return [Verdict(case, Refusal(rule, reason)) for case in cases]
