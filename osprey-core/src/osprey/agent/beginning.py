"""How a turn begins: what was said, on which thread, with which settings."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING

from osprey.agent.state import TurnState
from osprey.agent.thinking.extraction import MOST_TASK
from osprey.approval import current_actor
from osprey.config.closest import did_you_mean
from osprey.errors import UsageError

if TYPE_CHECKING:
    from osprey.agent.commands import Wish
    from osprey.project import Project


def entry_state(project: Project, thread: str, wish: Wish, target: str | None) -> TurnState:
    """Give the state with which a turn begins.

    :raises UsageError: the target is not configured.
    """
    settings, systems = wish.settings, project.config.control_system
    if target is not None and target not in systems.targets:
        hint = did_you_mean(target, tuple(systems.targets)) or f"there are {', '.join(systems.targets)}"
        msg = f"target {target!r} is not configured (`control_system.targets`); {hint}"
        raise UsageError(msg)
    return {
        "thread": thread,
        "turn": f"{thread}.{secrets.token_hex(4)}",
        "user_query": wish.question,
        "target": target or systems.default_target,
        "user_id": current_actor().subject,
        "orchestration": project.config.agent_control.orchestration_mode.value,
        "planning_mode": settings.planning,
        "approval": settings.approval.value,
        "extracts_tasks": settings.extracts_tasks,
        "selects_capabilities": settings.selects_capabilities,
        "chat": settings.chat,
        "commands": dict(wish.commands),
        "given_plan": None,
        "pending": None,
        "spent_s": 0.0,
        "status": "",
        "answer": "",
        "warnings": [],
    }


def require_text(said: str) -> None:
    """Refuse what could not be stored, or would fill what it is stored in.

    :raises UsageError: it is too long, or no text.
    """
    if len(said) > MOST_TASK:
        msg = f"the message has {len(said)} characters: at most {MOST_TASK} are taken; say it shorter"
        raise UsageError(msg)
    try:
        said.encode()
    except UnicodeEncodeError as exc:
        msg = "the message is not valid UTF-8: look at what sends it"
        raise UsageError(msg) from exc


def new_thread() -> str:
    """Give the name of a new thread."""
    return f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{secrets.token_hex(4)}"
