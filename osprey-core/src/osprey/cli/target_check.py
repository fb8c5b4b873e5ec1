"""Whether the targets of a project can be reached: their addresses, a few of their channels, their archive."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import anyio
import attrs
import click
from attrs import field, frozen

from osprey.control import ArchiveInfo, ChannelStatus, Endpoint, Fault, Target, targets_of
from osprey.errors import OspreyError
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.project import Project

_PROBED = 3
_ASKED = 200
"""Channels that a system is asked to list, where nobody has listed any for it."""


@frozen(kw_only=True)
class TargetCheck:
    """What was found about one target."""

    facts: dict[str, Any]
    failure: str = ""
    """Why it could not even be opened."""
    endpoints: tuple[Endpoint, ...] = field(factory=tuple[Endpoint, ...])
    channels: tuple[ChannelStatus, ...] = field(factory=tuple[ChannelStatus, ...])
    archiver: str = ""
    """``answers`` or why it does not; empty: there is none."""

    @property
    def is_unreachable(self) -> bool:
        """True if something that was asked did not answer."""
        return bool(
            self.failure
            or any(endpoint.is_reachable is False for endpoint in self.endpoints)
            or (self.channels and not any(status.is_reachable for status in self.channels))
            or self.archiver not in ("", "answers")
        )

    @property
    def verdict(self) -> str:
        """Say it in a word."""
        if self.is_unreachable:
            return "unreachable"
        is_known = any(e.is_reachable for e in self.endpoints) or any(s.is_reachable for s in self.channels)
        return "reachable" if is_known else "unknown"


def facts_of(project: Project) -> list[dict[str, Any]]:
    """Give what the configuration says of each target."""
    systems = project.config.control_system
    return [
        {
            "name": target.name,
            "default": target.name == systems.default_target,
            "connector": target.connector,
            "simulated": _is_simulated(project, target.connector),
            "archiver": target.archiver,
            "posture": target.posture.value,
            "writes": target.writes_enabled and target.posture.value != "read_only",
        }
        for target in systems.targets.values()
    ]


def _is_simulated(project: Project, connector: str) -> bool | None:
    """Give None where the connector is not installed, so that nobody can say."""
    if connector not in project.registry.names("connectors"):
        return None
    return project.registry.entry("connectors", connector).registration.simulated


async def check_targets(
    project: Project, names: Sequence[str], channels: Sequence[str], timeout_s: float | None
) -> list[TargetCheck]:
    """Check targets at the same time; all for no names.

    :raises ConfigError: there is no such target.
    """
    targets = targets_of(project)
    chosen = [targets.config(name).name for name in names] or list(targets.names)
    facts = {fact["name"]: fact for fact in facts_of(project)}
    found: dict[str, TargetCheck] = {}

    async def check(name: str) -> None:
        try:
            target = await targets.get(name)
            found[name] = await _checked(target, facts[name], channels, timeout_s)
        except OspreyError as exc:
            found[name] = TargetCheck(facts=facts[name], failure=str(exc))

    async with anyio.create_task_group() as group:
        for name in dict.fromkeys(chosen):
            group.start_soon(check, name)
    return [found[name] for name in dict.fromkeys(chosen)]


async def _checked(
    target: Target, facts: dict[str, Any], channels: Sequence[str], timeout_s: float | None
) -> TargetCheck:
    limit_s = target.config.read_timeout_s if timeout_s is None else timeout_s
    endpoints = await target.connector.endpoints(timeout_s=limit_s)
    probed = list(channels) or await _some_channels(target)
    statuses = await target.connector.probe(probed, timeout_s=limit_s) if probed else []
    archiver = await _archive(target, probed[:1], limit_s)
    return TargetCheck(facts=facts, endpoints=tuple(endpoints), channels=tuple(statuses), archiver=archiver)


async def _some_channels(target: Target) -> list[str]:
    """Give a few channels from all over the list, if there is one."""
    if target.config.channels is not None:
        names = [record.name for record in (await target.directory()).records]
    else:
        names = [record.name for record in await target.connector.search("", limit=_ASKED)]
    step = max(1, len(names) // _PROBED)
    return names[::step][:_PROBED]


async def _archive(target: Target, channels: Sequence[str], timeout_s: float) -> str:
    """Say whether the archive answers; that it does not have a channel is an answer too."""
    if target.archiver is None:
        return ""
    try:
        answers = await target.archiver.describe(channels or ["no-such-channel"], timeout_s=timeout_s)
    except OspreyError as exc:
        return str(exc)
    answer = answers[0]
    if isinstance(answer, ArchiveInfo) or answer.kind.value == "not_found":
        return "answers"
    return answer.message


def plain_check(check: TargetCheck) -> dict[str, Any]:
    """Give a check as JSON."""
    return {
        **check.facts,
        "verdict": check.verdict,
        "failure": check.failure,
        "endpoints": [attrs.asdict(endpoint) for endpoint in check.endpoints],
        "channels": [
            {
                "channel": status.channel,
                "reachable": status.is_reachable,
                "latency_ms": status.latency_ms,
                "error": None if status.fault is None else status.fault.kind.value,
                "message": "" if status.fault is None else status.fault.message,
            }
            for status in check.channels
        ],
        "archive": check.archiver,
    }


def print_check(check: TargetCheck) -> None:
    """Print a target with a line for each thing that was asked."""
    facts = check.facts
    simulated = ", simulated" if facts["simulated"] else ""
    writes = "on" if facts["writes"] else "off"
    click.echo(
        f"{printable(facts['name'])}: {check.verdict.upper()}  "
        f"({printable(facts['connector'])}{simulated}, {facts['posture']}, writes {writes})"
    )
    if check.failure:
        click.echo(f"  {printable(check.failure)}")
    for endpoint in check.endpoints:
        word = {True: "answers", False: "does not answer", None: "cannot be asked"}[endpoint.is_reachable]
        click.echo(_line(endpoint.purpose, endpoint.address, word, endpoint.latency_ms, endpoint.note))
    for status in check.channels:
        note = status.fault.message if isinstance(status.fault, Fault) else ""
        word = "answers" if status.is_reachable else "does not answer"
        click.echo(_line("channel", status.channel, word, status.latency_ms, note))
    if check.archiver:
        note = "" if check.archiver == "answers" else check.archiver
        word = "answers" if check.archiver == "answers" else "does not answer"
        click.echo(_line("archive", str(facts["archiver"]), word, None, note))
    if check.verdict == "unknown":
        click.echo("  Nobody can say: name a channel with --channel.", err=True)


def _line(purpose: str, address: str, word: str, latency_ms: float | None, note: str) -> str:
    took = "" if latency_ms is None else f" in {latency_ms:.1f} ms"
    why = f": {note}" if note else ""
    return f"  {printable(purpose):<10} {printable(address)}  {word}{took}{printable(why)}"
