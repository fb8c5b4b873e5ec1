"""Which channels may be written: an allow rule, not a list of what is forbidden."""

from __future__ import annotations

from osprey.config.schema import Unlisted
from osprey.control.guard.checks.case import Case, Scene, refuse
from osprey.control.limits.limit_entry import LimitRule
from osprey.control.values import ChannelInfo


def check_allowance(case: Case, scene: Scene) -> Case:
    """Settle the rule of the channel; refuse what no rule opens for writes."""
    info = case.info
    rule = _rule(case, scene)
    if rule is None:
        _check_unlisted(case.channel, info, scene)
        rule = scene.limits.unlisted
    if not rule.writable:
        refuse("limits.writable", f"{case.channel} is not writable (limits entry {rule.sources[0]!r})")
    if not info.writable:
        refuse("access.read_only", f"{case.channel}: the control system gives this client no write access")
    case.rule = rule
    return case


def _rule(case: Case, scene: Scene) -> LimitRule | None:
    """Give the rule that holds; of a record's other fields only one that the limits name is ever open."""
    info = case.info
    if info.is_value_field:
        return scene.limits.rule_for(case.channel)
    record_rule = scene.limits.rule_for(str(info.name))
    if scene.limits.has_exact(case.channel):
        return scene.limits.rule_for(case.channel)
    if record_rule is None or info.field not in record_rule.fields:
        refuse(
            "allow.field",
            f"{case.channel}: only the value field is written; name {info.field!r} under `fields` of the "
            f"limits entry of {info.name} to open it",
        )
    return record_rule


def _check_unlisted(channel: str, info: ChannelInfo, scene: Scene) -> None:
    if scene.config.limits.unlisted is not Unlisted.NATIVE_ONLY:
        refuse(
            "allow.unlisted",
            f"{channel} is not listed in the limits of target {scene.config.name!r} (`limits.file`)",
        )
    if info.drive.low is None or info.drive.high is None:
        refuse(
            "allow.unlisted",
            f"{channel} is not listed in the limits, and the control system states no drive limits for it",
        )
