"""The ways to tamper with a request, its votes, the audit, and what is remembered."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any, Final

from attrs import evolve
from tests.proofs.intruder import SEALED, TOLD, flip
from tests.proofs.room import HOUR_S
from tests.proofs.tampering import THREE, TWO, Attempt, Trial, Ways

from osprey.approval import desk
from osprey.approval.remembering import Wish
from osprey.config.approval import ApprovalPolicyConfig
from osprey.errors import RefusedError
from osprey.journal import RequestRow, RequestState

WAYS: Final = Ways()
_CHANGED: Final = ("approval.seal", "approval.hash")


@WAYS.add(
    *_CHANGED, "approval.in_doubt", "approval.expired", "approval.no_policy", "approval.policy_changed",
    "payload.kind", "payload.not_understood",
)  # fmt: skip
async def a_bit_of_the_request(trial: Trial) -> Attempt:
    row = await trial.approved()
    column = trial.chance.choice(SEALED)
    trial.intruder.change(row.id, **{column: flip(trial.intruder.request(row.id)[column], trial.chance)})
    return Attempt(row=row)


@WAYS.add("approval.forged", "approval.undecided")
async def a_bit_of_the_vote(trial: Trial) -> Attempt:
    row = await trial.approved()
    column = trial.chance.choice(TOLD)
    old = trial.intruder.row("SELECT * FROM decisions WHERE request_id = ?", row.id)[column]
    new = flip(old, trial.chance) if column != "is_authenticated" else 1 - old
    trial.intruder.do(f"UPDATE decisions SET {column} = ? WHERE request_id = ?", new, row.id)  # noqa: S608
    return Attempt(row=row)


@WAYS.add("audit.broken", "approval.undecided")
async def a_bit_of_the_audit(trial: Trial) -> Attempt:
    row = await trial.approved()
    told = trial.intruder.row("SELECT * FROM audit WHERE subject = ? AND event = 'request.approved'", row.id)
    await trial.pending()
    await trial.settle()
    column = trial.chance.choice(["ns", "high_ns", "actor", "terminal", "host", "event", "subject", "detail", "mac"])
    new = flip(told[column], trial.chance)
    trial.intruder.do(f"UPDATE audit SET {column} = ? WHERE seq = ?", new, told["seq"])  # noqa: S608
    return Attempt(row=row)


@WAYS.add(*_CHANGED, "payload.kind", "payload.not_understood")
async def the_document_of_another(trial: Trial) -> Attempt:
    row = await trial.approved()
    other = await trial.approved(row.kind if trial.chance.random() < 0.8 else "")
    whole = {"document": other.document, "sha256": other.sha256}
    trial.intruder.change(row.id, **(whole if trial.chance.random() < 0.5 else {"document": other.document}))
    return Attempt(row=row, sha256=trial.chance.choice([row.sha256, other.sha256]))


@WAYS.add(*_CHANGED)
async def another_content(trial: Trial) -> Attempt:
    row = await trial.approved()
    document = json.loads(row.document)
    if "writes" in document:
        document["writes"]["groups"][0][0]["value"] = (9.25).hex()
    else:
        document["content"]["content"] += "!"
    return _rewritten(trial, row, document)


@WAYS.add(*_CHANGED)
async def another_order(trial: Trial) -> Attempt:
    row = await trial.writes()
    document = json.loads(row.document)
    document["writes"]["groups"].reverse()
    return _rewritten(trial, row, document)


@WAYS.add(*_CHANGED)
async def a_write_more(trial: Trial) -> Attempt:
    row = await trial.writes()
    document = json.loads(row.document)
    first = document["writes"]["groups"][0]
    document["writes"]["groups"].append([{**first[0], "channel": TWO}])
    return _rewritten(trial, row, document)


def _rewritten(trial: Trial, row: RequestRow, document: Any) -> Attempt:
    """Put a document in place, its vote made to fit, and ask for the old hash or the new one."""
    trial.intruder.rewrite(row.id, document)
    sha256 = str(trial.intruder.request(row.id)["sha256"])
    if trial.chance.random() < 0.5:
        trial.intruder.do("UPDATE decisions SET sha256 = ? WHERE request_id = ?", sha256, row.id)
    return Attempt(row=row, sha256=trial.chance.choice([row.sha256, sha256]))


@WAYS.add("approval.seal")
async def a_longer_time(trial: Trial) -> Attempt:
    row = await trial.approved()
    trial.intruder.change(row.id, expires_ns=row.expires_ns + 10**13)
    trial.room.clock.move(HOUR_S + 1)
    return Attempt(row=row)


@WAYS.add("approval.expired", "approval.seal")
async def expired_and_called_approved(trial: Trial) -> Attempt:
    row = await trial.approved()
    trial.room.clock.move(HOUR_S + 1)
    assert (await trial.room.journal.requests.get(row.id)).state is RequestState.EXPIRED
    longer = {"expires_ns": row.expires_ns + 10**13} if trial.chance.random() < 0.5 else {}
    trial.intruder.change(row.id, state="approved", **longer)
    return Attempt(row=row)


@WAYS.add("approval.undecided")
async def called_approved(trial: Trial) -> Attempt:
    row = await trial.pending()
    trial.intruder.change(row.id, state="approved", decided_by="os:bob", decided_ns=row.created_ns + 1)
    return Attempt(row=row)


@WAYS.add("approval.forged")
async def a_vote_written_by_hand(trial: Trial) -> Attempt:
    row = await trial.pending()
    trial.intruder.insert_vote(row.id)
    trial.intruder.change(row.id, state="approved")
    return Attempt(row=row)


@WAYS.add("approval.forged")
async def the_vote_on_another(trial: Trial) -> Attempt:
    row, other = await trial.pending(), await trial.approved()
    vote = trial.intruder.row("SELECT * FROM decisions WHERE request_id = ?", other.id)
    same = {"sha256": row.sha256} if trial.chance.random() < 0.5 else {}
    trial.intruder.insert("decisions", {**vote, "request_id": row.id, **same})
    trial.intruder.change(row.id, state="approved")
    return Attempt(row=row)


@WAYS.add("approval.forged")
async def one_vote_made_two(trial: Trial) -> Attempt:
    row = await trial.voted()
    vote = trial.intruder.row("SELECT * FROM decisions WHERE request_id = ?", row.id)
    person = trial.chance.choice(["bob", "carol"])
    trial.intruder.insert("decisions", {**vote, "seq": 2, "person": person, "actor": f"os:{person}"})
    trial.intruder.change(row.id, state="approved")
    return Attempt(row=row)


@WAYS.add("approval.undecided")
async def half_the_votes_called_enough(trial: Trial) -> Attempt:
    row = await trial.voted()
    trial.intruder.change(row.id, state="approved")
    return Attempt(row=row)


@WAYS.add("approval.seal")
async def fewer_people_needed(trial: Trial) -> Attempt:
    row = await trial.voted()
    needs = {**json.loads(trial.intruder.request(row.id)["needs"]), "persons": 1}
    trial.intruder.change(row.id, needs=json.dumps(needs, separators=(",", ":")), state="approved")
    return Attempt(row=row)


@WAYS.add("approval.seal")
async def no_authors(trial: Trial) -> Attempt:
    row = await trial.voted()
    trial.intruder.change(row.id, authors=trial.chance.choice(["[]", '["dave"]']), requester="os:dave")
    with suppress(RefusedError):
        await trial.room.approve(row, "alice")
    trial.intruder.change(row.id, state="approved")
    return Attempt(row=row)


@WAYS.add("approval.seal")
async def the_row_of_another(trial: Trial) -> Attempt:
    row, other = await trial.voted(), trial.intruder.request((await trial.writes()).id)
    trial.intruder.change(row.id, **{name: value for name, value in other.items() if name not in ("id", "key")})
    return Attempt(row=row, sha256=str(other["sha256"]))


@WAYS.add("approval.seal")
async def the_new_rules_written_into_it(trial: Trial) -> Attempt:
    row, project = await trial.approved(), trial.room.project
    kept = project.config
    stricter = evolve(kept.approval, policies={**kept.approval.policies, "all": ApprovalPolicyConfig(persons=2)})
    project.config = evolve(kept, approval=stricter)
    trial.intruder.change(row.id, policy=stricter.version)

    def after() -> None:
        project.config = kept

    return Attempt(row=row, after=after)


@WAYS.add("approval.replayed")
async def done_and_called_approved(trial: Trial) -> Attempt:
    row = await trial.approved()
    assert await trial.room.execute(row) == "done"
    trial.intruder.change(row.id, state="approved", claimed_by=None, claimed_ns=None, owner=None, report=None)
    trial.intruder.do("DELETE FROM intents WHERE request_id = ?", row.id)
    return Attempt(row=row)


@WAYS.add("audit.broken")
async def done_and_its_claim_taken_out(trial: Trial) -> Attempt:
    row = await trial.approved()
    assert await trial.room.execute(row) == "done"
    await trial.settle()
    trial.intruder.change(row.id, state="approved")
    claims = "subject = ? AND event = 'ledger.claimed'"
    change = trial.chance.choice(["DELETE FROM audit WHERE", "UPDATE audit SET subject = 'req-x' WHERE"])
    assert trial.intruder.do(f"{change} {claims}", row.id) == 1
    trial.intruder.do("DELETE FROM intents WHERE request_id = ?", row.id)
    return Attempt(row=row)


@WAYS.add("approval.replayed")
async def taken_back_and_called_approved(trial: Trial) -> Attempt:
    row = await trial.approved()
    await desk.withdraw(trial.room.project, row.id, await trial.room.who("bob"), "changed my mind")
    trial.intruder.change(row.id, state="approved")
    return Attempt(row=row)


@WAYS.add("approval.replayed")
async def replaced_and_called_approved(trial: Trial) -> Attempt:
    row = await trial.writes()
    edited = {"groups": [[{"channel": THREE, "value": 0.25}]]}
    await desk.edit(trial.room.project, row.id, edited, await trial.room.who("bob"))
    trial.intruder.change(row.id, state="approved")
    return Attempt(row=row)


@WAYS.add("approval.undecided", "approval.replayed", "approval.pending")
async def rejected_and_asked_again(trial: Trial) -> Attempt:
    row = await trial.pending()
    await desk.reject(trial.room.project, row.id, await trial.room.who("carol"), "no")
    trial.intruder.change(row.id, state="pending", reason="")
    trial.intruder.do("DELETE FROM decisions WHERE request_id = ?", row.id)
    with suppress(RefusedError):
        await trial.room.approve(row, "bob")
    if trial.chance.random() < 0.5:
        trial.intruder.change(row.id, state="approved")
    return Attempt(row=row)


async def _remembered(trial: Trial, uses: int) -> tuple[str, str]:
    """Have a decision on an entry remembered; give its id and the text."""
    text = f"remembered {trial.number}"
    row = await trial.room.ask_text("logbook_entry", text)
    await trial.room.approve(row, "bob", wish=Wish(uses=uses, lasts_s=60.0))
    return str(trial.intruder.row("SELECT id FROM remembered WHERE request_id = ?", row.id)["id"]), text


@WAYS.add("approval.pending")
async def a_use_taken_back(trial: Trial) -> Attempt:
    kept, text = await _remembered(trial, 1)
    used = await trial.room.ask_text("logbook_entry", text)
    assert await trial.room.execute(used) == "done"
    trial.intruder.do("DELETE FROM decisions WHERE remembered = ?", kept)
    return Attempt(row=await trial.room.ask_text("logbook_entry", text))


@WAYS.add("approval.pending")
async def a_remembered_decision_that_lasts_longer(trial: Trial) -> Attempt:
    kept, text = await _remembered(trial, 1)
    trial.room.clock.move(61)
    change = trial.chance.choice(["ends_ns = ends_ns + 1000000000000", "max_uses = 99, ends_ns = 4000000000000000000"])
    trial.intruder.do(f"UPDATE remembered SET {change} WHERE id = ?", kept)  # noqa: S608
    return Attempt(row=await trial.room.ask_text("logbook_entry", text))


@WAYS.add("approval.pending")
async def a_remembered_decision_on_another_text(trial: Trial) -> Attempt:
    kept, text = await _remembered(trial, 2)
    document = (await trial.room.ask_text("logbook_entry", f"{text}!")).sha256
    trial.intruder.do("UPDATE remembered SET scope = ? WHERE id = ?", json.dumps({"sha256": document}), kept)
    return Attempt(row=await trial.room.ask_text("logbook_entry", f"{text}!"))


@WAYS.add("approval.revoked", "audit.broken")
async def a_revocation_taken_back(trial: Trial) -> Attempt:
    kept, text = await _remembered(trial, 2)
    row = await trial.room.ask_text("logbook_entry", text)
    await trial.room.journal.remembered.revoke(kept, (await trial.room.who("alice")).actor, "over")
    trial.intruder.do("UPDATE remembered SET revoked_ns = NULL, revoked_by = NULL WHERE id = ?", kept)
    if trial.chance.random() < 0.5:
        await trial.pending()
        await trial.settle()
        trial.intruder.do("DELETE FROM audit WHERE subject = ? AND event = 'remembered.revoked'", kept)
    return Attempt(row=row)


@WAYS.add("audit.rolled_back", is_last=True)
async def the_end_of_the_audit_cut_off(trial: Trial) -> Attempt:
    row = await trial.approved()
    told = trial.intruder.row("SELECT max(seq) AS seq FROM audit")["seq"]
    assert await trial.room.execute(row) == "done"
    await trial.settle()
    trial.intruder.do("DELETE FROM audit WHERE seq > ?", told)
    trial.intruder.change(row.id, state="approved")
    return Attempt(row=row)


@WAYS.add("audit.rolled_back", is_last=True)
async def the_audit_closed_up_behind_a_claim(trial: Trial) -> Attempt:
    row = await trial.approved()
    assert await trial.room.execute(row) == "done"
    await trial.settle()
    told = trial.intruder.row("SELECT seq FROM audit WHERE subject = ? AND event = 'ledger.claimed'", row.id)["seq"]
    trial.intruder.do("DELETE FROM audit WHERE seq = ?", told)
    trial.intruder.do("UPDATE audit SET seq = seq - 1 WHERE seq > ?", told)
    trial.intruder.change(row.id, state="approved")
    return Attempt(row=row)
