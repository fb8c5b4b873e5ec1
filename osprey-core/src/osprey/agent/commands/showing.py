"""The commands that are answered at once and change nothing: help, configuration, status; and leaving."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from attrs import evolve

from osprey.agent.commands.command import Call, SlashCommand, Wish
from osprey.config.closest import did_you_mean
from osprey.config.plain import config_to_plain
from osprey.errors import UsageError
from osprey.journal import RequestState, journal_of
from osprey.sessions import ThreadSettings, threads_of

if TYPE_CHECKING:
    from osprey.project import Project


async def show_help(call: Call, commands: Mapping[str, SlashCommand], of_capabilities: Mapping[str, str]) -> Wish:
    """Carry out ``/help``."""
    name = (call.value or call.rest).removeprefix("/").lower()
    if name in commands:
        return _said(call, f"{commands[name].syntax}\n  {commands[name].summary}.")
    if name in of_capabilities:
        return _said(call, f"/{name}[:VALUE] TEXT\n  Is read by the capability {of_capabilities[name]}.")
    if name:
        hint = did_you_mean(name, (*commands, *of_capabilities)) or "/help lists those there are"
        msg = f"there is no command '/{name}'; {hint}"
        raise UsageError(msg)
    width = max(len(command.syntax) for command in commands.values())
    lines = [f"{command.syntax:<{width}}  {command.summary}" for command in commands.values()]
    lines += [f"{f'/{name}[:VALUE] TEXT':<{width}}  Is read by {owner}" for name, owner in of_capabilities.items()]
    return _said(call, "\n".join(lines))


async def show_config(call: Call) -> Wish:
    """Carry out ``/config``."""
    _require_alone(call)
    return _said(call, json.dumps(config_to_plain(call.project.config), indent=1, ensure_ascii=False))


async def show_status(call: Call) -> Wish:
    """Carry out ``/status``."""
    _require_alone(call)
    journal = journal_of(call.project)
    halt = await journal.halt.state()
    waiting = await journal.requests.list([RequestState.PENDING, RequestState.APPROVED])
    unfinished = await threads_of(call.project).turns(call.thread, unfinished_only=True)
    lines = [
        f"thread {call.thread}: {_told_of(call.settings)}",
        *(f"  '{row.asked}' is {row.status}{_for(row.end.request)}" for row in unfinished),
        *_targets(call.project),
        f"halted by {halt.actor}: {halt.reason}" if halt.is_set else "not halted",
        *(f"waits: {row.id} {row.title} ({row.state})" for row in waiting),
    ]
    return _said(call, "\n".join(lines))


async def leave(call: Call) -> Wish:
    """Carry out ``/exit``: the direct chat ends; without one, the conversation."""
    _require_alone(call)
    if not call.settings.chat:
        return Wish(question="", settings=call.settings, is_exit=True)
    settings = evolve(call.settings, chat="")
    await threads_of(call.project).set_settings(call.thread, settings)
    return Wish(question="", settings=settings, reply=f"You no longer talk to {call.settings.chat}.")


def _require_alone(call: Call) -> None:
    if call.rest or call.value:
        msg = f"{call.typed} stands alone: leave out '{call.value or call.rest}'"
        raise UsageError(msg)


def _said(call: Call, reply: str) -> Wish:
    return Wish(question="", settings=call.settings, reply=reply)


def _told_of(settings: ThreadSettings) -> str:
    told = [
        "each plan waits for a person" if settings.planning else "plans begin at once",
        f"approval as {settings.approval}",
        "tasks are extracted" if settings.extracts_tasks else "tasks are as typed",
        "capabilities are selected" if settings.selects_capabilities else "all capabilities",
    ]
    return ", ".join([*told, *([f"talks to {settings.chat}"] if settings.chat else [])])


def _for(request_id: str | None) -> str:
    return f" for request {request_id}" if request_id else ""


def _targets(project: Project) -> list[str]:
    systems = project.config.control_system
    return [
        f"target {name}: {target.connector}, {target.posture}, writes {'on' if target.writes_enabled else 'off'}"
        + (" (default)" if name == systems.default_target else "")
        for name, target in systems.targets.items()
    ]
