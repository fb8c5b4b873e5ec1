"""Remembered decisions: given with an approval, within what a policy allows, listed, and revoked."""

from __future__ import annotations

from typing import Any

import pytest

from osprey.errors import RefusedError

ROUTINE = {"routine": {"kinds": ["channel_write"], "remember_uses": 3, "remember_for_s": 7200}}
REMEMBER = ("--remember", "--uses", "2", "--for", "1h", "--range", "BEND:CURRENT:SP=2..4")


@pytest.fixture
def granted(inbox: Any) -> dict[str, Any]:
    """A decision on 3 A that speaks for 2 to 4 A, twice within an hour."""
    inbox.configure(ROUTINE)
    row = inbox.asked("set BEND to 3 A")
    inbox.approvals("approve", row["id"], "--hash", row["hash"][:8], *REMEMBER)
    [remembered] = inbox.json("approvals", "remembered", "list")
    return remembered


def test_a_remembered_decision_is_listed_with_its_scope_and_end(inbox: Any, granted: dict[str, Any]) -> None:
    assert (granted["state"], granted["uses"], granted["max_uses"]) == ("live", 0, 2)
    assert granted["scope"] == {"channels": {"BEND:CURRENT:SP": [2.0, 4.0]}}
    shown = inbox.approvals("remembered", "list").stdout
    assert "0 of 2 uses" in shown
    assert "BEND:CURRENT:SP = 2.0 .. 4.0" in shown


def test_it_speaks_for_the_same_within_its_range_and_no_further(inbox: Any, granted: dict[str, Any]) -> None:
    assert inbox.json("ask", "set BEND to 2.5 A")["status"] == "done"
    assert inbox.json("approvals", "remembered", "list")[0]["uses"] == 1
    assert inbox.json("ask", "set BEND to 5 A")["status"] == "waiting"
    assert inbox.json("ask", "set QUAD to 3 A")["status"] == "waiting"


def test_once_revoked_it_speaks_for_nothing(inbox: Any, granted: dict[str, Any]) -> None:
    inbox.approvals("remembered", "revoke", granted["id"], "--reason", "new optics")
    assert inbox.json("approvals", "remembered", "list") == []
    [revoked] = inbox.json("approvals", "remembered", "list", "--all")
    assert (revoked["state"], revoked["reason"]) == ("revoked", "new optics")
    assert inbox.json("ask", "set BEND to 2.5 A")["status"] == "waiting"
    again = inbox.approvals("remembered", "revoke", granted["id"], "--reason", "again", code=None)
    assert isinstance(again.exception, RefusedError)


def test_used_up_it_is_over(inbox: Any, granted: dict[str, Any]) -> None:
    for value in ("2.5", "3.5"):
        assert inbox.json("ask", f"set BEND to {value} A")["status"] == "done"
    assert inbox.json("ask", "set BEND to 3 A")["status"] == "waiting"
    assert [row["state"] for row in inbox.json("approvals", "remembered", "list", "--all")] == ["used up"]


@pytest.mark.parametrize("policies", [{}, {"other": {"kinds": ["channel_write"], "persons": 1}}])
def test_what_no_policy_allows_is_not_remembered_and_not_approved(inbox: Any, policies: dict[str, Any]) -> None:
    inbox.configure(policies)
    row = inbox.asked()
    refused = inbox.approvals("approve", row["id"], "--hash", row["hash"][:8], *REMEMBER, code=None)
    assert isinstance(refused.exception, RefusedError)
    assert refused.exception.rule == "approval.not_remembered"
    assert inbox.json("approvals", "list")[0]["state"] == "pending"


def test_nothing_remembered_is_an_empty_array(inbox: Any) -> None:
    assert inbox.json("approvals", "remembered", "list") == []
    assert inbox.approvals("remembered", "list").stdout == ""
