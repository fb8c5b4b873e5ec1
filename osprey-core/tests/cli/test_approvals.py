"""The inbox on the command line: what waits, what it would do, and decisions by hash."""

from __future__ import annotations

from typing import Any

import pytest

from osprey.errors import RefusedError, UsageError

FIELDS = {"id", "kind", "title", "hash", "thread", "state", "risk", "created", "expires", "needs"}
FIELDS |= {"requester", "votes", "persons", "supersedes"}


def test_an_empty_inbox_is_an_empty_array(inbox: Any) -> None:
    assert inbox.json("approvals", "list") == []


def test_a_request_goes_from_waiting_to_done(inbox: Any) -> None:
    row = inbox.asked()
    assert set(row) == FIELDS
    assert (row["state"], row["votes"], row["persons"], row["needs"]) == ("pending", 0, 1, "one person")
    assert inbox.approvals("approve", row["id"], "--hash", row["hash"][:8])
    assert inbox.json("resume", row["thread"])["status"] == "done"
    assert inbox.json("approvals", "list") == []
    shown = inbox.show(row["id"])
    assert shown["state"] == "done"
    assert shown["report"]["items"][0]["outcome"] == "confirmed"
    assert "1 of 1 writes confirmed" in inbox.approvals("show", row["id"]).stdout


def test_a_decision_is_made_once(inbox: Any) -> None:
    row = inbox.asked()
    inbox.approvals("reject", row["id"], "--reason", "not now")
    refused = inbox.approvals("approve", row["id"], "--hash", row["hash"][:8], code=None)
    assert isinstance(refused.exception, RefusedError)
    assert inbox.json("resume", row["thread"])["status"] == "refused"


def test_a_hash_of_seven_digits_is_too_short(inbox: Any) -> None:
    row = inbox.asked()
    short = inbox.approvals("approve", row["id"], "--hash", row["hash"][:7], code=None)
    assert isinstance(short.exception, UsageError)
    assert inbox.json("approvals", "list")[0]["state"] == "pending"


def test_an_approval_can_be_taken_back_before_it_is_carried_out(inbox: Any) -> None:
    row = inbox.asked()
    inbox.approvals("approve", row["id"], "--hash", row["hash"][:8])
    inbox.approvals("withdraw", row["id"], "--reason", "beam is back")
    ended = inbox.json("resume", row["thread"])
    assert ended["status"] == "refused"
    assert "beam is back" in ended["answer"]


def test_a_halt_takes_back_what_was_approved_before_it(inbox: Any) -> None:
    row = inbox.asked()
    inbox.approvals("approve", row["id"], "--hash", row["hash"][:8])
    assert f"Taken back, though approved: {row['id']}" in inbox.run("halt", "--reason", "vacuum alarm").stdout
    inbox.run("halt", "--release")
    ended = inbox.json("resume", row["thread"])
    assert ended["status"] == "refused"
    assert "all was halted: vacuum alarm" in ended["answer"]


def test_what_is_approved_during_a_halt_waits_for_its_release(inbox: Any) -> None:
    row = inbox.asked()
    assert inbox.run("halt", "--reason", "vacuum alarm").exit_code == 0
    inbox.approvals("approve", row["id"], "--hash", row["hash"][:8])
    halted = inbox.json("resume", row["thread"])
    assert halted["status"] == "waiting"
    assert "halt" in " ".join(halted["warnings"])
    inbox.run("halt", "--release")
    done = inbox.json("resume", row["thread"])
    assert (done["status"], done["warnings"]) == ("done", [])


def test_limits_that_changed_since_withdraw_the_approval(inbox: Any) -> None:
    row = inbox.asked()
    inbox.approvals("approve", row["id"], "--hash", row["hash"][:8])
    limits = inbox.folder / "limits.yml"
    limits.write_text(limits.read_text(encoding="utf-8").replace("max: 100", "max: 2"), encoding="utf-8")
    assert inbox.json("resume", row["thread"])["status"] == "refused"
    assert inbox.show(row["id"])["state"] == "withdrawn"


def test_the_list_is_one_table_of_all_threads_and_can_be_narrowed(inbox: Any) -> None:
    first, second = inbox.asked("set BEND to 3 A"), inbox.asked("set QUAD to 2 A")
    assert [row["id"] for row in inbox.json("approvals", "list")] == [first["id"], second["id"]]
    assert [row["id"] for row in inbox.json("approvals", "list", "--thread", second["thread"])] == [second["id"]]
    assert inbox.json("approvals", "list", "--kind", "memory_*") == []
    assert len(inbox.json("approvals", "list", "--kind", "channel_*", "--mine")) == 2
    table = inbox.approvals("list").stdout.splitlines()
    assert table[0].split()[:3] == ["id", "hash", "state"]
    assert all(words in table[1] for words in (first["id"], first["hash"][:8], "channel_write", "0 of 1", "59 min"))
    inbox.approvals("reject", first["id"], "--reason", "no")
    assert [row["id"] for row in inbox.json("approvals", "list")] == [second["id"]]
    assert {row["state"] for row in inbox.json("approvals", "list", "--all")} == {"rejected", "pending"}


def test_what_has_moved_since_is_on_the_card(inbox: Any) -> None:
    row = inbox.asked()
    assert inbox.show(row["id"])["moved"] == {"looked_at": 1, "lines": []}
    inbox.configure(seed=7)  # the machine is elsewhere now
    [line] = inbox.show(row["id"])["moved"]["lines"]
    assert line.startswith("BEND:CURRENT:SP was ")
    assert "Moved since  BEND:CURRENT:SP was " in inbox.approvals("show", row["id"]).stdout


def test_remarks_and_a_postponement_are_kept_and_decide_nothing(inbox: Any) -> None:
    row = inbox.asked()
    inbox.approvals("comment", row["id"], "yes but only 2 A")
    inbox.approvals("postpone", row["id"], "--reason", "after the shift")
    shown = inbox.show(row["id"])
    assert shown["state"] == "pending"
    assert [(said["word"], said["text"]) for said in shown["said"]] == [
        ("comment", "yes but only 2 A"),
        ("postpone", "after the shift"),
    ]
    card = " ".join(inbox.approvals("show", row["id"]).stdout.split())
    assert "remarked [system]: yes but only 2 A" in card
    assert "not now [system]: after the shift" in card


def test_a_decision_without_a_terminal_has_none_in_the_audit(inbox: Any) -> None:
    row = inbox.asked()
    inbox.approvals("approve", row["id"], "--hash", row["hash"][:8])
    [approved] = [one for one in inbox.json("audit", "log") if one["event"] == "request.approved"]
    assert (approved["subject"], approved["terminal"]) == (row["id"], "")


def test_some_items_are_approved_as_a_request_of_their_own(inbox: Any) -> None:
    row = inbox.filed("BEND:CURRENT:SP=3", "QUAD:CURRENT:SP=2", "SEXT:CURRENT:SP=1")
    done = inbox.approvals(
        "approve", row["id"], "--hash", row["hash"][:8], "--only", "1,3", "--comment", "not the quad"
    )
    assert f"the chosen items of {row['id']}" in done.stdout
    [new] = inbox.json("approvals", "list")
    assert (new["state"], new["supersedes"]) == ("approved", row["id"])
    report = inbox.json("resume", row["thread"])
    assert report["status"] == "done"
    written = [item["name"] for item in inbox.show(new["id"])["report"]["items"]]
    assert written == ["BEND:CURRENT:SP", "SEXT:CURRENT:SP"]
    assert inbox.show(new["id"])["said"][-1]["text"] == "not the quad"


def test_all_but_one_is_what_is_left(inbox: Any) -> None:
    row = inbox.filed("BEND:CURRENT:SP=3", "QUAD:CURRENT:SP=2", "SEXT:CURRENT:SP=1")
    inbox.approvals("approve", row["id"], "--hash", row["hash"][:8], "--except", "2")
    [new] = inbox.json("approvals", "list")
    assert [line["asked"] for line in inbox.show(new["id"])["shown"]["items"]] == ["BEND:CURRENT:SP", "SEXT:CURRENT:SP"]


@pytest.mark.parametrize(
    "options",
    [
        ["--only", "4"],
        ["--only", "1;2"],
        ["--except", "4"],
        ["--except", "1,2,3"],
        ["--only", "1", "--except", "2"],
        ["--only", "1", "--remember", "--uses", "1", "--for", "1h"],
        ["--uses", "2"],
        ["--remember", "--uses", "2"],
        ["--remember", "--uses", "2", "--for", "soon"],
        ["--remember", "--uses", "2", "--for", "1h", "--range", "BEND:CURRENT:SP=4..2"],
        ["--remember", "--uses", "2", "--for", "1h", "--range", "BEND:CURRENT:SP=1..inf"],
        ["--secret-fd", "0"],
    ],
)
def test_what_makes_no_sense_approves_nothing(inbox: Any, options: list[str]) -> None:
    row = inbox.filed("BEND:CURRENT:SP=3", "QUAD:CURRENT:SP=2", "SEXT:CURRENT:SP=1")
    wrong = inbox.approvals("approve", row["id"], "--hash", row["hash"][:8], *options, code=None)
    assert isinstance(wrong.exception, UsageError), wrong.output
    assert [(one["id"], one["state"]) for one in inbox.json("approvals", "list")] == [(row["id"], "pending")]


def test_a_turn_says_how_many_others_wait(inbox: Any) -> None:
    inbox.asked("set BEND to 3 A")
    first = inbox.run("ask", "set QUAD to 2 A")
    assert "1 other request waits for a decision: osprey approvals list" in first.stderr
    second = inbox.run("ask", "set SEXT to 1 A")
    assert "2 other requests wait for a decision" in second.stderr
    assert "other request" not in inbox.run("ask", "--json", "set BEND to 4 A").output


def test_a_turn_alone_says_nothing_of_others(inbox: Any) -> None:
    assert "other request" not in inbox.run("ask", "set BEND to 3 A").output


def test_trying_a_notifier_that_is_not_configured_says_who_is(inbox: Any) -> None:
    wrong = inbox.approvals("notify", "crew", code=None)
    assert isinstance(wrong.exception, UsageError)
    assert "crew" in str(wrong.exception)
