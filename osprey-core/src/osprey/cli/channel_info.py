"""Everything that is known of a channel: the control system's word, the list's, the limits', and the guard's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import attrs
import click
from attrs import frozen

from osprey.cli.channel_view import bounds_text, is_json, print_table, reason_of
from osprey.cli.context import cli_project
from osprey.errors import OspreyError
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.cli.channel_names import Named
    from osprey.control import ChannelInfo, ChannelRecord, Fault, ReadResult, Target
    from osprey.control.limits.limit_entry import LimitRule
    from osprey.control.requests import JudgedItem
    from osprey.project import Project


@frozen(kw_only=True)
class Known:
    """What is known of one channel."""

    asked: str
    channel: str
    record: ChannelRecord | None
    info: ChannelInfo | None
    fault: Fault | None
    rule: LimitRule | None
    """What the limits file says of it."""
    is_writable: bool
    """True if the guard would let its present value be written, a person's approval left aside."""
    verdict: str
    """The rule that forbids it, or what must be approved."""
    reason: str


async def known_of(asked: Sequence[str], name: str | None) -> list[Known]:
    """Ask the control system, the limits and the guard about some channels.

    :raises UsageError: words mean several channels.
    """
    from osprey.cli.channel_names import readable
    from osprey.control import targets_of

    async with cli_project() as project:
        target = await targets_of(project).get(name)
        named = readable(await target.directory(), asked)
        names, timeout_s = [each.channel for each in named], target.config.read_timeout_s
        infos = await target.connector.describe(names, timeout_s=timeout_s)
        readings = await target.connector.read(names, timeout_s=timeout_s)
        return [
            await _known(project, target, each, info, reading)
            for each, info, reading in zip(named, infos, readings, strict=True)
        ]


async def _known(
    project: Project, target: Target, named: Named, described: ChannelInfo | Fault, reading: ReadResult
) -> Known:
    from osprey.control import Fault

    info = None if isinstance(described, Fault) else described
    rule = target.limits.rule_for(_canonical(info)) if info and info.name else None
    verdict, reason = await _verdict(project, target, named, reading)
    return Known(
        asked=named.asked,
        channel=named.channel,
        record=named.record,
        info=info,
        fault=described if isinstance(described, Fault) else None,
        rule=rule,
        is_writable=verdict == "ok",
        verdict=verdict,
        reason=reason,
    )


def _canonical(info: ChannelInfo) -> str:
    return str(info.name) if info.is_value_field else f"{info.name}.{info.field}"


async def _verdict(project: Project, target: Target, named: Named, reading: ReadResult) -> tuple[str, str]:
    """Give the guard's rule and reason for writing the value that is there already."""
    from osprey.approval import current_actor
    from osprey.control import JudgeRequest, Reading, WriteBatch, WriteItem, guard_of

    if not isinstance(reading, Reading):
        return "no_value", f"it cannot be read now: {reason_of(reading)}"
    item = WriteItem(channel=named.channel, value=reading.value)
    batch = WriteBatch(target=target.name, groups=((item,),))
    try:
        judgement = await guard_of(project).judge(JudgeRequest(batch=batch, actor=current_actor()))
    except OspreyError as exc:
        return getattr(exc, "rule", "not_judged"), str(exc)
    judged: JudgedItem = judgement.items[0]
    return judged.rule, judged.reason


def print_known(facts: Sequence[Known]) -> None:
    """Print a paragraph a channel."""
    for number, known in enumerate(facts):
        if number:
            click.echo()
        click.echo(printable(known.channel))
        print_table([("asked as", "" if known.asked == known.channel else known.asked), *_of_record(known.record)])
        if known.fault:
            print_table([("no answer", reason_of(known.fault))])
        elif known.info:
            print_table(_of_system(known.info))
        print_table([*_of_limits(known.rule), ("writing", _of_guard(known))])


def _of_record(record: ChannelRecord | None) -> list[tuple[str, str]]:
    if record is None:
        return []
    where = "" if record.sector is None else f", sector {record.sector}"
    kind = f"{record.device or record.family}{where}" if record.device or record.family else where.removeprefix(", ")
    return [
        ("in the list", record.description),
        ("device", kind),
        ("role", " ".join(filter(None, (record.quantity, record.role)))),
        ("read-back", record.readback or ""),
        ("aliases", ", ".join(record.aliases)),
    ]


def _of_system(info: ChannelInfo) -> list[tuple[str, str]]:
    name = info.name or "not established"
    shape = f"[{'x'.join(map(str, info.shape))}]" if info.shape else ""
    access = "read and write" if info.writable else "read only"
    return [
        ("canonical", name if info.is_value_field else f"{name}, field {info.field}"),
        ("modifier", "yes: it is never written" if info.has_modifier else ""),
        ("description", info.description),
        ("type", f"{info.dtype}{shape}{' command' if info.is_command else ''}"),
        ("unit", info.unit),
        ("precision", "" if info.precision is None else str(info.precision)),
        ("labels", ", ".join(f"{number} {label}" for number, label in enumerate(info.labels))),
        *((f"{kind} limits", bounds_text(getattr(info, kind))) for kind in ("drive", "display", "warning", "alarm")),
        ("access", access),
    ]


def _of_limits(rule: LimitRule | None) -> list[tuple[str, str]]:
    if rule is None:
        return [("limits file", "does not list it")]
    told = [f"bounds {bounds_text(rule.bounds)}", *(f"{key} {value}" for key, value in _stated(rule).items())]
    return [("limits file", "; ".join(told)), ("from", ", ".join(rule.sources))]


def _stated(rule: LimitRule) -> dict[str, str]:
    """Give the settings that differ from what holds without any."""
    from osprey.control.limits.limit_entry import LimitRule

    plain = LimitRule(sources=())
    names = [f.name for f in attrs.fields(LimitRule) if f.name not in ("sources", "bounds", "expressions")]
    found = {name: str(value) for name in names if (value := getattr(rule, name)) != getattr(plain, name)}
    return found | ({"expressions": str(len(rule.expressions))} if rule.expressions else {})


def _of_guard(known: Known) -> str:
    if known.is_writable:
        return "possible, once a person has approved it"
    return f"forbidden by {known.verdict}: {known.reason}" if known.verdict != "no_value" else known.reason


def plain_known(known: Known) -> dict[str, Any]:
    """Give all of it as JSON."""
    from osprey.control.channels.entries import entry_of
    from osprey.control.wire import to_wire

    fault = known.fault
    rule = known.rule
    return {
        "asked": known.asked,
        "channel": known.channel,
        "list": None if known.record is None else entry_of(known.record),
        "system": None if known.info is None else to_wire(known.info),
        "error": None if fault is None else {"kind": fault.kind.value, "message": fault.message},
        "limits": None
        if rule is None
        else {
            "bounds": [_number(rule.bounds.low), _number(rule.bounds.high)],
            "from": list(rule.sources),
            **_stated(rule),
        },
        "writable": known.is_writable,
        "rule": known.verdict,
        "reason": known.reason,
    }


def _number(value: float | None) -> float | str | None:
    return value if value is None or is_json(value) else str(value)
