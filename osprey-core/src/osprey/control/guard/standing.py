"""Whether what was approved still is what would be done: checked before the claim, on fresh values."""

from __future__ import annotations

from typing import Final

from osprey.control.comparison import is_same, shape_of, to_plain
from osprey.control.guard.checks import Case
from osprey.control.guard.judging import Judged, Refusal
from osprey.control.payload import WRITE_KINDS, ApprovedItem, ApprovedWrites, read_document, sha256_of
from osprey.control.values import Reading, Severity
from osprey.errors import RefusedError
from osprey.journal import RequestRow, RequestState
from osprey.journal.requests.steps import judge_rules

OLDEST_VALUES_S: Final = 30.0
"""How long judging may take beyond its reads: a process that was stopped meanwhile judged another machine."""
_UNREACHABLE_RULES: Final = frozenset({"target.unreachable", "name.not_found", "observe.unreadable"})


def read_approved(row: RequestRow, sha256: str) -> ApprovedWrites:
    """Read the writes of an approved request.

    :raises RefusedError: it is not approved, not the document that was approved, or not understood.
    """
    if row.state is not RequestState.APPROVED:
        msg = f"request {row.id} is {row.state}, not approved"
        raise RefusedError(msg, rule=f"approval.{row.state}")
    if not (row.sha256 == sha256 == sha256_of(row.document)):
        msg = f"request {row.id}: the hash that was given, the stored one and the document's own differ"
        raise RefusedError(msg, rule="approval.hash")
    if row.kind not in WRITE_KINDS:
        msg = f"request {row.id} is of kind {row.kind!r}, which carries no writes"
        raise RefusedError(msg, rule="payload.kind")
    return read_document(row.document)


def find_unreachable(judged: Judged) -> Refusal | None:
    """Give the reason if the only thing in the way is that something does not answer now."""
    refusals = [verdict.refusal for verdict in judged.verdicts if verdict.refusal is not None]
    if refusals and all(refusal.rule in _UNREACHABLE_RULES for refusal in refusals):
        return Refusal("target.unreachable", refusals[0].reason)
    return None


def find_refusal(judged: Judged) -> Refusal | None:
    """Give the first reason why the guard says no now, whatever it said when this was filed."""
    return next((verdict.refusal for verdict in judged.verdicts if verdict.refusal is not None), None)


def find_change(writes: ApprovedWrites, judged: Judged) -> Refusal | None:
    """Give what is no longer as the approved document describes it: limits, target, names or types."""
    if judged.scene.limits.sha256 != writes.limits_sha256:
        return Refusal("approval.limits_changed", "the limits file was changed after the request was filed")
    if judged.target.simulated is not writes.simulated:
        return Refusal("approval.changed", f"target {writes.target!r} is not the kind of system it was approved for")
    approved = [item for group in writes.groups for item in group]
    for item, verdict in zip(approved, judged.verdicts, strict=True):
        if not _is_as_approved(item, verdict.case):
            reason = f"{item.channel} has another name, type, unit or state in the control system than was approved"
            return Refusal("approval.changed", reason)
    return None


def find_new_rules(row: RequestRow, version: str, judged: Judged) -> Refusal | None:
    """Refuse what was approved under other rules than those that hold now, in the configuration or in a plugin."""
    if (changed := judge_rules(row, version)) is not None:
        return Refusal(changed.rule, changed.message)
    for demand in judged.demands:
        lacking = [role for role in demand.roles if not row.needs.roles.get(role)]
        if demand.persons > row.needs.persons or lacking:
            wanted = f"{demand.persons} to approve" + (f", and the role {lacking[0]}" if lacking else "")
            return Refusal(
                "approval.policy_changed", f"{demand.rule} asks for {wanted} now ({demand.reason}): file a new request"
            )
    return None


def find_alarm(writes: ApprovedWrites, judged: Judged) -> Refusal | None:
    """Name the channels whose alarm is worse than it was when the person looked at them."""
    worse: list[str] = []
    for name, was in writes.alarms.items():
        result = judged.scene.readings.get(name)
        if not isinstance(result, Reading):
            worse.append(f"the alarm of {name} cannot be told, and was {was}")
        elif result.severity.is_worse_than(Severity(was)):
            worse.append(f"{name} is in {result.severity} alarm, and was {was}")
    if not worse:
        return None
    return Refusal("approval.stale", f"moved since the request was filed: {'; '.join(worse)}")


def find_age(judged: Judged, *, now: float, read_timeout_s: float) -> Refusal | None:
    """Give the reason if the values that were judged are too old by now to be acted on."""
    age_s = now - judged.begun_at
    if age_s <= OLDEST_VALUES_S + 3 * read_timeout_s:
        return None
    return Refusal("approval.stale", f"the values that it was judged on are {age_s:.0f} s old: try again")


def find_drift(writes: ApprovedWrites, judged: Judged) -> Refusal | None:
    """Name the channels that moved, by more than their tolerance, since the person looked at them."""
    first: dict[str, ApprovedItem] = {}
    for item in (item for group in writes.groups for item in group):
        first.setdefault(item.channel, item)
    shares = {verdict.case.channel: verdict.case.tolerance_share for verdict in judged.verdicts}
    moved = [told for item in first.values() if (told := _drift_of(item, judged, shares.get(item.channel)))]
    if not moved:
        return None
    return Refusal("approval.stale", f"moved since the request was filed: {'; '.join(moved)}")


def _is_as_approved(item: ApprovedItem, case: Case) -> bool:
    info = case.info
    # Its value has its shape; how long an array may be is not what was approved.
    now = (case.channel, info.dtype, shape_of(case.typed_value), info.unit, case.typed_value, case.label)
    return now == (item.channel, item.dtype, item.shape, item.unit, item.value, item.label)


def _drift_of(item: ApprovedItem, judged: Judged, share: float | None) -> str | None:
    if item.before is None:
        return None  # a command holds nothing that could have moved
    result = judged.scene.readings.get(item.channel)
    if not isinstance(result, Reading):
        return f"{item.channel} was {item.before} and was not read now"
    now = to_plain(result.value if result.setpoint is None else result.setpoint)
    if is_same(item.before, now, item.tolerance, share) or repr(item.before) == repr(now):
        return None  # by their text as well: a NaN that still is one has not moved
    return f"{item.channel} was {item.before}, is {now}"
