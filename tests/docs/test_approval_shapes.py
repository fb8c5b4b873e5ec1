"""The keys that the guide promises of the inbox's JSON are those that the commands print."""

from __future__ import annotations

import ast
import inspect
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.docs.generate import REFERENCE

from osprey.cli.approvals import commands as approval_commands
from osprey.cli.approvals import remembered as approval_remembered
from osprey.cli.approvals import watch as approval_watch

PAGE = (REFERENCE.parent / "how-to/use-without-a-terminal.md").read_text(encoding="utf-8")


def _documented(command: str) -> set[str]:
    [row] = [line for line in PAGE.splitlines() if line.startswith(f"| `{command}")]
    return set(re.findall(r"`(\w+)`", row.split("|")[3]))


def _printed(function: Callable[..., Any]) -> set[str]:
    """Give the keys of the first dict that a function builds."""
    first = next(node for node in ast.walk(ast.parse(inspect.getsource(function))) if isinstance(node, ast.Dict))
    return {key.value for key in first.keys if isinstance(key, ast.Constant)}


@pytest.mark.parametrize(
    ("command", "function"),
    [
        ("approvals show --json", approval_commands._plain_dossier),
        ("approvals remembered list --json", approval_remembered.plain_remembered),
        ("approvals watch --json", approval_watch._print_event),
    ],
)
def test_the_keys_are_those_that_are_printed(command: str, function: Callable[..., Any]) -> None:
    assert _documented(command) == _printed(function)


def test_what_people_said_has_the_documented_keys() -> None:
    [line] = [line for line in PAGE.splitlines() if line.startswith("`said` holds")]
    assert _printed(approval_commands.plain_decision) == set(re.findall(r"`(\w+)`", line)[1:]) - {"exact"}


def test_every_event_of_the_watch_is_documented() -> None:
    [line] = [line for line in PAGE.splitlines() if line.startswith("`osprey approvals watch --json`")]
    told = set(re.findall(r"`(\w+)`", line)) - {"event"}
    assert told == {str(event) for event in approval_watch.InboxEvent}


def test_a_shown_request_has_the_documented_keys_and_those_of_the_list(tmp_path: Path) -> None:
    """The whole object, as the command prints it in a project of its own."""
    from click.testing import CliRunner

    from osprey.cli.root import osprey

    def run(*arguments: str) -> Any:
        return json.loads(CliRunner().invoke(osprey, ["--project", str(tmp_path), *arguments, "--json"]).stdout)

    asked = run("ask", "set HCM03 to 0.5 A")
    shown = set(run("approvals", "show", asked["approval"]))
    assert shown == _documented("approvals list --json") | _documented("approvals show --json")
