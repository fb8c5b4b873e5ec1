"""The core's commands: name -> where the click command lives, and the line that `--help` shows for it.

Nothing is imported to show this table. A new command is one line here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

CORE_COMMANDS: Final[Mapping[str, tuple[str, str]]] = {
    "ask": ("osprey.cli.ask_commands:ask", "Ask in plain words"),
    "approvals": ("osprey.cli.approval_commands:approvals", "Show and decide what waits for a person"),
    "resume": ("osprey.cli.ask_commands:resume", "Go on with a thread after a decision or a crash"),
    "ledger": ("osprey.cli.machine_commands:ledger", "Show every write and every doubt; settle a doubt"),
    "audit": ("osprey.cli.machine_commands:audit", "Show and check the audit"),
    "halt": ("osprey.cli.machine_commands:halt", "Stop all writes, or release the stop"),
    "config": ("osprey.cli.config_commands:config", "Show and check the configuration"),
    "init": ("osprey.cli.config_commands:init", "Make a project"),
    "plugins": (
        "osprey.cli.plugin_commands:plugins",
        "List plugins, say what is wrong with one, switch one off",
    ),
}
