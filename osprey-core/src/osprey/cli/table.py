"""The core's commands: name -> where the click command lives, and the line that `--help` shows for it.

Nothing is imported to show this table. A new command is one line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CORE_COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "ask": ("osprey.cli.ask_commands:ask", "Ask in plain words"),
    "channels": ("osprey.cli.channel_commands:channels", "Find, read, write, watch and explain channels"),
    "archive": ("osprey.cli.archive_commands:archive", "Show and draw past values; say what is archived"),
    "targets": ("osprey.cli.target_commands:targets", "List control systems and check whether they can be reached"),
    "models": ("osprey.cli.model_commands:models", "Show which chat model is asked for what; check that it answers"),
    "snapshot": ("osprey.cli.snapshot_commands:snapshot", "Keep what channels read, compare it, ask for the way back"),
    "approvals": ("osprey.cli.approvals.commands:approvals", "Show and decide what waits for a person"),
    "plans": ("osprey.cli.plan_commands:plans", "Read, edit and submit plans that wait for a person"),
    "resume": ("osprey.cli.ask_commands:resume", "Go on with a thread after a decision or a crash"),
    "chat": ("osprey.cli.chat_commands:chat", "Talk in a thread: questions, slash commands, decisions"),
    "threads": ("osprey.cli.thread_commands:threads", "List, show, rename, export and delete threads"),
    "trace": ("osprey.cli.trace_commands:trace", "Show what a turn did and how long each part took"),
    "python": ("osprey.cli.python_commands:python", "Look at Python before it runs; say what can hold it"),
    "limits": ("osprey.cli.limits_commands:limits", "Say what the limits allow and what is wrong with them"),
    "ledger": ("osprey.cli.machine_commands:ledger", "Show every write and every doubt; settle a doubt"),
    "audit": ("osprey.cli.audit_commands:audit", "Show, check and copy the audit"),
    "desk": ("osprey.cli.desk_commands:desk", "Decide requests of a project that another user of this host serves"),
    "guard": ("osprey.cli.guard_commands:guard", "Run the guard as a process of its own"),
    "halt": ("osprey.cli.machine_commands:halt", "Stop all writes, or release the stop"),
    "prompts": ("osprey.cli.prompt_commands:prompts", "Show what chat models are told, and who says it"),
    "eval": ("osprey.cli.eval_commands:evaluation", "Ask a set of requests and score what comes of them"),
    "config": ("osprey.cli.config_commands:config", "Show and check the configuration"),
    "generate": ("osprey.cli.generate_commands:generate", "Write programs from what Osprey knows"),
    "init": ("osprey.cli.config_commands:init", "Make a project"),
    "plugins": (
        "osprey.cli.plugin_commands:plugins",
        "List plugins, say what is wrong with one, switch one off",
    ),
}

GROUPED: Final = ("generate-",)
"""A plugin's command whose name begins so belongs to that group: `generate-soft-ioc` is `osprey generate soft-ioc`."""
