"""The JSON that the guide to use without a terminal promises is what the commands print."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest
from tests.docs.generate import REFERENCE

from osprey.cli import ask_commands, audit_view, machine_commands, plugin_view
from osprey.cli.approvals import commands as approval_commands
from osprey.errors import ExitCode

PAGE = (REFERENCE.parent / "how-to/use-without-a-terminal.md").read_text(encoding="utf-8")


def _documented(command: str) -> list[str]:
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| `{command}")]
    return re.findall(r"`([\w]+)`", row.split("|")[3])


def _printed(function: Callable[..., Any]) -> list[str]:
    """Give the keys of the one dict that a function returns."""
    tree = ast.parse(inspect.getsource(function))
    [returned] = [node.value for node in ast.walk(tree) if isinstance(node, ast.Return)]
    assert isinstance(returned, ast.Dict)
    return [key.value for key in returned.keys if isinstance(key, ast.Constant)]


@pytest.mark.parametrize(
    ("command", "function"),
    [
        ("ask --json", ask_commands._plain),
        ("approvals list --json", approval_commands.plain_request),
        ("ledger list --json", machine_commands._plain_intent),
        ("audit log --json", audit_view.plain_audit_row),
        ("audit verify --json", audit_view.plain_verdict),
        ("audit show REQUEST_ID --json", audit_view.plain_trail),
    ],
)
def test_the_keys_are_those_that_are_printed(command: str, function: Callable[..., Any]) -> None:
    assert _documented(command) == _printed(function)


def test_the_keys_of_a_plugin_are_those_that_are_printed() -> None:
    assert _documented("plugins list --json") == list(plugin_view._LISTED)


def test_every_exit_code_is_documented() -> None:
    assert [int(code) for code in re.findall(r"^\| (\d) \|", PAGE, re.MULTILINE)] == list(ExitCode)
