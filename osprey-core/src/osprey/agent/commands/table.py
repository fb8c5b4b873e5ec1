"""The slash commands there are: those of the core, and those that capabilities declare."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from osprey.agent.commands.command import SlashCommand
from osprey.agent.commands.setting import set_approval, set_capabilities, set_chat, set_planning, set_tasks
from osprey.agent.commands.showing import leave, show_config, show_help, show_status

if TYPE_CHECKING:
    from osprey.project import Project
    from osprey.registrations import Capability

COMMANDS: Final[Mapping[str, SlashCommand]] = {
    "planning": SlashCommand(
        syntax="/planning [on|off] [TEXT]",
        summary="Have a person look at the plan before its first step: of TEXT, or of all that follows in this thread",
        run=set_planning,
    ),
    "approval": SlashCommand(
        syntax="/approval on|configured [TEXT]",
        summary="Ask for approval of every step, or of those that the configuration says; nothing asks for less",
        run=set_approval,
    ),
    "task": SlashCommand(
        syntax="/task on|off [TEXT]",
        summary="Make a task that stands by itself of what is said, or plan it as it was typed",
        run=set_tasks,
    ),
    "caps": SlashCommand(
        syntax="/caps on|off [TEXT]",
        summary="Choose the capabilities of a plan first, or let it use all of them",
        run=set_capabilities,
    ),
    "chat": SlashCommand(
        syntax="/chat[:CAPABILITY] [TEXT]",
        summary="Talk to one capability directly; without a name, list those that can be talked to",
        run=set_chat,
    ),
    "exit": SlashCommand(syntax="/exit", summary="Leave the direct chat, or the conversation", run=leave),
    "help": SlashCommand(
        syntax="/help [COMMAND]",
        summary="Say what the commands do",
        run=lambda call: show_help(call, COMMANDS, capability_commands(call.project)),
    ),
    "config": SlashCommand(
        syntax="/config", summary="Show the configuration that is in force, without secrets", run=show_config
    ),
    "status": SlashCommand(
        syntax="/status", summary="Show the thread's settings, what waits, the targets and the halt", run=show_status
    ),
}


def capability_commands(project: Project) -> dict[str, str]:
    """Give the commands that capabilities declare, each with the capability that reads it."""
    found: dict[str, str] = {}
    for entry in project.registry.entries("capabilities"):
        registration: Capability = entry.registration  # type: ignore[assignment]
        for name in registration.commands:
            if name not in COMMANDS:
                found.setdefault(name, registration.name)
    return found
