"""The commands that change how a thread's questions are answered, for one question or for all that follow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve

from osprey.agent.commands.command import Call, Wish
from osprey.config.closest import did_you_mean
from osprey.errors import PluginError, UsageError
from osprey.sessions import ThreadApproval, ThreadSettings, threads_of

if TYPE_CHECKING:
    from osprey.base import BaseCapability
    from osprey.project import Project

_SWITCH: Final[Mapping[str, bool]] = {
    "on": True, "enabled": True, "true": True, "off": False, "disabled": False, "false": False,
}  # fmt: skip
_APPROVAL: Final[Mapping[str, ThreadApproval]] = {
    "on": ThreadApproval.ALL,
    "enabled": ThreadApproval.ALL,
    "all": ThreadApproval.ALL,
    "configured": ThreadApproval.CONFIGURED,
    "selective": ThreadApproval.CONFIGURED,
}


async def set_planning(call: Call) -> Wish:
    """Carry out ``/planning``: without a word it means on."""
    word, text = _worded(call, _SWITCH)
    is_on = _SWITCH[word] if word else True
    told = "Each plan of this thread waits for a person." if is_on else "Plans of this thread begin at once."
    return await _changed(call, evolve(call.settings, planning=is_on), text, told)


async def set_approval(call: Call) -> Wish:
    """Carry out ``/approval``: it can add to what the configuration asks for, never take from it."""
    word, text = _worded(call, {**_APPROVAL, "off": None, "disabled": None})
    if not word:
        msg = "say what: /approval on asks for every step, /approval configured for those of the configuration"
        raise UsageError(msg)
    if word not in _APPROVAL:
        msg = (
            "no command takes an approval away: what is asked for without one stands in config.yml under approval; "
            "/approval configured goes back to that"
        )
        raise UsageError(msg)
    approval = _APPROVAL[word]
    told = (
        "Every step of this thread is asked for."
        if approval is ThreadApproval.ALL
        else "Steps of this thread are asked for as the configuration says."
    )
    return await _changed(call, evolve(call.settings, approval=approval), text, told)


async def set_tasks(call: Call) -> Wish:
    """Carry out ``/task``."""
    is_on, text = _switched(call)
    told = (
        "What is said in this thread is understood with what was said before."
        if is_on
        else "What is said in this thread is planned as it was typed."
    )
    return await _changed(call, evolve(call.settings, extracts_tasks=is_on), text, told)


async def set_capabilities(call: Call) -> Wish:
    """Carry out ``/caps``."""
    is_on, text = _switched(call)
    told = (
        "The capabilities of each plan are chosen first." if is_on else "Plans of this thread may use every capability."
    )
    return await _changed(call, evolve(call.settings, selects_capabilities=is_on), text, told)


async def set_chat(call: Call) -> Wish:
    """Carry out ``/chat``: from here on the thread talks to one capability."""
    able = chat_capabilities(call.project)
    if not call.value:
        if call.rest:
            msg = f"say to whom: /chat:{next(iter(able), 'CAPABILITY')} {call.rest}"
            raise UsageError(msg)
        lines = [f"  /chat:{name}  {summary}" for name, summary in able.items()]
        return Wish(question="", settings=call.settings, reply="\n".join(["These can be talked to:", *lines]))
    if call.value not in able:
        hint = did_you_mean(call.value, tuple(able)) or f"there are {', '.join(able) or 'none'}"
        msg = f"there is no capability {call.value!r} that can be talked to; {hint}"
        raise UsageError(msg)
    told = f"You talk to {call.value} now; /exit ends it."
    settings = evolve(call.settings, chat=call.value)
    await threads_of(call.project).set_settings(call.thread, settings)
    return Wish(question=call.rest, settings=settings, reply="" if call.rest else told)


def chat_capabilities(project: Project) -> dict[str, str]:
    """Give the capabilities that can be talked to directly, each with its summary."""
    able: dict[str, str] = {}
    for entry in project.registry.entries("capabilities"):
        try:
            implementation: type[BaseCapability] = project.registry.resolve("capabilities", entry.name)
        except PluginError:
            continue  # one that cannot be loaded says so when it is asked for
        if getattr(implementation, "direct_chat_enabled", False):
            able[entry.name] = entry.registration.summary
    return able


async def _changed(call: Call, settings: ThreadSettings, text: str, told: str) -> Wish:
    """Have a setting hold for the text behind the command, or for the thread where there is none."""
    if text:
        return Wish(question=text, settings=settings)
    await threads_of(call.project).set_settings(call.thread, settings)
    return Wish(question="", settings=settings, reply=told)


def _switched(call: Call) -> tuple[bool, str]:
    word, text = _worded(call, _SWITCH)
    if not word:
        msg = f"say which: {call.typed} on, or {call.typed} off"
        raise UsageError(msg)
    return _SWITCH[word], text


def _worded(call: Call, words: Mapping[str, Any]) -> tuple[str, str]:
    """Give the command's word, behind its colon or first in its text, and the rest; no word is an empty one."""
    if call.value:
        if call.value.lower() not in words:
            msg = f"{call.typed}:{call.value} is not known: use one of {', '.join(words)}"
            raise UsageError(msg)
        return call.value.lower(), call.rest
    first, *rest = call.rest.split(maxsplit=1) or [""]
    return (first.lower(), "".join(rest)) if first.lower() in words else ("", call.rest)
