"""Who decides: a person by a secret that no argument, no environment and no output ever holds."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pytest
from click.testing import CliRunner

from osprey.approval.people import SHORTEST_SECRET
from osprey.cli.root import osprey
from osprey.errors import RefusedError, UsageError

SecretFd = Callable[[str], str]
TWO = {"two": {"kinds": ["channel_write"], "persons": 2}}


def _approve(inbox: Any, row: dict[str, Any], name: str, fd: str, code: int | None = 0) -> Any:
    identity = ("--as", name, "--secret-fd", fd)
    return inbox.approvals("approve", row["id"], "--hash", row["hash"][:8], *identity, code=code)


def test_the_first_of_two_people_is_told_who_else_has_to(inbox: Any, secret_fd: SecretFd) -> None:
    inbox.configure(TWO)
    row = inbox.asked()
    assert row["persons"] == 2
    assert row["needs"] == "2 people, each by a secret, none of whom asked for it or edited it"
    voted = _approve(inbox, row, "anna", secret_fd("secret of anna"), code=4)
    assert "still needs one more person (ben, carol)" in voted.stdout
    assert inbox.json("approvals", "list")[0]["votes"] == 1
    assert "1 of 2" in inbox.approvals("list").stdout
    assert inbox.json("resume", row["thread"])["status"] == "waiting"
    done = _approve(inbox, row, "ben", secret_fd("secret of ben"))
    assert "Approved" in done.stdout
    assert inbox.json("resume", row["thread"])["status"] == "done"


def test_the_card_says_who_has_voted_how_that_is_known_and_who_is_missing(inbox: Any, secret_fd: SecretFd) -> None:
    inbox.configure({"two": {"persons": 2, "roles": {"expert": 1}}})
    row = inbox.asked()
    _approve(inbox, row, "anna", secret_fd("secret of anna"), code=4)
    card = " ".join(inbox.approvals("show", row["id"]).stdout.split())
    assert "1 with the role expert [approval.one_person, approval.policies.two]" in card
    assert "1 of 2; missing: one more person (carol); still needed: expert" in card
    assert "approved [secret]" in card
    [said] = inbox.show(row["id"])["said"]
    assert (said["person"], said["method"], said["authenticated"]) == ("anna", "secret", True)


def test_without_a_secret_nobody_counts_towards_two(inbox: Any) -> None:
    inbox.configure(TWO)
    row = inbox.asked()
    refused = inbox.approvals("approve", row["id"], "--hash", row["hash"][:8], code=None)
    assert isinstance(refused.exception, RefusedError)
    assert inbox.json("approvals", "list")[0]["votes"] == 0


def test_one_person_does_not_count_twice(inbox: Any, secret_fd: SecretFd) -> None:
    inbox.configure(TWO)
    row = inbox.asked()
    _approve(inbox, row, "anna", secret_fd("secret of anna"), code=4)
    again = _approve(inbox, row, "anna", secret_fd("secret of anna"), code=None)
    assert isinstance(again.exception, RefusedError)
    assert again.exception.rule == "approval.voted"


def test_who_has_edited_a_request_is_none_of_the_two(inbox: Any, secret_fd: SecretFd) -> None:
    inbox.configure(TWO)
    row = inbox.asked()
    inbox.approvals(
        "edit", row["id"], "--set", "BEND:CURRENT:SP=2", "--as", "anna", "--secret-fd", secret_fd("secret of anna")
    )
    [new] = inbox.json("approvals", "list")
    assert "anna" in inbox.show(new["id"])["authors"]
    refused = _approve(inbox, new, "anna", secret_fd("secret of anna"), code=None)
    assert isinstance(refused.exception, RefusedError)
    assert refused.exception.rule == "approval.requester"


def test_a_wrong_secret_approves_nothing_and_is_in_no_output(inbox: Any, secret_fd: SecretFd) -> None:
    row = inbox.asked()
    wrong = _approve(inbox, row, "anna", secret_fd("hunter2-hunter2"), code=None)
    assert isinstance(wrong.exception, RefusedError)
    assert wrong.exception.rule == "approval.secret"
    assert "hunter2" not in wrong.output + str(wrong.exception)
    assert not any(b"hunter2" in path.read_bytes() for path in inbox.folder.rglob("*") if path.is_file())
    assert inbox.json("approvals", "list")[0]["state"] == "pending"


def test_every_word_may_be_somebodys_by_their_secret(inbox: Any, secret_fd: SecretFd) -> None:
    row = inbox.asked()

    def as_anna() -> tuple[str, ...]:
        return ("--as", "anna", "--secret-fd", secret_fd("secret of anna"))

    inbox.approvals("comment", row["id"], "look at the orbit", *as_anna())
    inbox.approvals("postpone", row["id"], *as_anna())
    inbox.approvals("reject", row["id"], "--reason", "orbit", *as_anna())
    assert {(one["person"], one["method"]) for one in inbox.show(row["id"])["said"]} == {("anna", "secret")}


@pytest.mark.parametrize("descriptor", ["9999", "terminal", "empty"])
def test_a_descriptor_that_gives_no_secret_is_a_wrong_command(inbox: Any, descriptor: str) -> None:
    row = inbox.asked()
    ours, theirs = os.openpty()
    empty = os.open(os.devnull, os.O_RDONLY)
    number = {"terminal": str(theirs), "empty": str(empty)}.get(descriptor, descriptor)
    try:
        wrong = _approve(inbox, row, "anna", number, code=None)
    finally:
        for one in (ours, theirs, empty):
            os.close(one)
    assert isinstance(wrong.exception, UsageError)
    assert inbox.json("approvals", "list")[0]["state"] == "pending"


def test_a_secret_is_hashed_to_a_line_of_the_configuration(secret_fd: SecretFd) -> None:
    secret = "x" * SHORTEST_SECRET
    done = CliRunner().invoke(osprey, ["approvals", "hash-secret", "--secret-fd", secret_fd(secret)])
    assert done.exit_code == 0
    assert done.stdout.startswith("secret_hash: scrypt:")
    assert secret not in done.output


def test_a_secret_that_is_too_short_gets_no_hash(secret_fd: SecretFd) -> None:
    short = "x" * (SHORTEST_SECRET - 1)
    wrong = CliRunner().invoke(osprey, ["approvals", "hash-secret", "--secret-fd", secret_fd(short)])
    assert isinstance(wrong.exception, UsageError)
