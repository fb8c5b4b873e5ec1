"""Every fault against every path on which something is carried out: each refuses, by its own rule, with its row.

A path is how what was approved takes effect; a fault is what is wrong when it is about to. Each fault names the rule
that has to say no. What was carried out is counted by the machine, by a table and by a list of the test's own.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import pytest
from attrs import evolve, field, frozen

from osprey.api import Denial, Requirement
from osprey.approval import desk
from osprey.approval.remembering import Wish, remembered_of
from osprey.config.approval import ApprovalPolicyConfig
from osprey.control.mock.settings import MockFault
from osprey.errors import RefusedError

pytestmark = pytest.mark.anyio

CHANNEL = "X:HCM1:SP"
GUARDED = ("channel_write", "python_executor")
OTHERS = ("orchestrator_plan", "channel_read", "memory_save", "logbook_entry", "deployment")
PATHS = (*GUARDED, *OTHERS)
UNAVAILABLE = "ledger.unavailable"


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


Inject = Callable[[Any], Awaitable[Any]]


@frozen(kw_only=True)
class Fault:
    """What goes wrong, and the rule that has to say no."""

    rule: str
    paths: tuple[str, ...] = PATHS
    is_late: bool = False
    """The audit itself cannot be written: its row follows when it can, and nothing is done before."""
    policies: Mapping[str, Any] = field(factory=dict)


FAULTS: dict[str, tuple[Inject, Fault]] = {}


def fault(rule: str, **about: Any) -> Callable[[Inject], Inject]:
    def added(inject: Inject) -> Inject:
        FAULTS[inject.__name__] = (inject, Fault(rule=rule, **about))
        return inject

    return added


@fault("approval.pending")
async def nobody_has_decided(trial: Any) -> Any:
    return await trial.asked()


@fault("approval.rejected")
async def somebody_said_no(trial: Any) -> Any:
    row = await trial.asked()
    return await desk.reject(trial.room.project, row.id, trial.room.who("bob"), "beam is stored")


@fault("approval.hash")
async def another_hash(trial: Any) -> Any:
    row = await trial.approved()
    trial.sha256 = f"{row.sha256[:-1]}{'0' if row.sha256[-1] != '0' else '1'}"
    return row


@fault("approval.hash")
async def a_document_that_was_changed(trial: Any) -> Any:
    row = await trial.approved()
    changed = row.document.replace("keep this", "keep that") if trial.path in OTHERS else f"{row.document[:-2]}1}}}}"
    assert changed != row.document
    trial.tamper("UPDATE requests SET document = ? WHERE id = ?", changed, row.id)
    return row


@fault("approval.seal")
async def a_time_that_was_prolonged(trial: Any) -> Any:
    row = await trial.approved()
    trial.tamper("UPDATE requests SET expires_ns = expires_ns + 36000000000000 WHERE id = ?", row.id)
    trial.room.clock.move(3601)
    return row


@fault("approval.forged")
async def a_vote_that_was_changed(trial: Any) -> Any:
    row = await trial.approved()
    trial.tamper("UPDATE decisions SET person = 'carol' WHERE request_id = ?", row.id)
    return row


@fault("approval.undecided")
async def a_state_that_was_set(trial: Any) -> Any:
    row = await trial.asked()
    trial.tamper("UPDATE requests SET state = 'approved' WHERE id = ?", row.id)
    return row


@fault("approval.expired")
async def time_is_over(trial: Any) -> Any:
    row = await trial.approved()
    trial.room.clock.move(3601)
    return row


@fault("approval.clock")
async def the_clock_went_back(trial: Any) -> Any:
    row = await trial.approved()
    trial.room.clock.move(-60)
    return row


@fault("approval.stale", paths=GUARDED)
async def the_machine_moved(trial: Any) -> Any:
    row = await trial.approved()
    trial.room.machine.change(CHANNEL, 4.0)
    return row


@fault("approval.stale", paths=GUARDED)
async def an_alarm_got_worse(trial: Any) -> Any:
    row = await trial.approved()
    trial.room.machine.inject(CHANNEL, MockFault.MAJOR)
    return row


@fault("approval.limits_changed", paths=GUARDED)
async def the_limits_were_changed(trial: Any) -> Any:
    row = await trial.approved()
    limits = trial.room.project.root / "limits.yml"
    limits.write_text(limits.read_text().replace("max: 10", "max: 9"))
    return row


@fault("target.unreachable", paths=GUARDED)
async def the_machine_does_not_answer(trial: Any) -> Any:
    row = await trial.approved()
    trial.room.machine.inject(CHANNEL, MockFault.MISSING)
    return row


@fault("approval.policy_changed")
async def the_rules_were_changed(trial: Any) -> Any:
    row = await trial.approved()
    config = trial.room.project.config
    stricter = evolve(config.approval, policies={"two": ApprovalPolicyConfig(persons=2)})
    trial.patch.setattr(trial.room.project, "config", evolve(config, approval=stricter))
    return row


@fault("ledger.halted")
async def everything_is_halted(trial: Any) -> Any:
    await trial.room.journal.halt.set(trial.room.who("carol").actor, "crew in the tunnel")
    return await trial.approved()


@fault("approval.done")
async def it_was_done_before(trial: Any) -> Any:
    row = await trial.approved()
    assert await trial.carry_out(row) == "done"
    return row


@fault("approval.replayed")
async def it_was_done_and_is_called_approved(trial: Any) -> Any:
    row = await trial.approved()
    assert await trial.carry_out(row) == "done"
    trial.room.machine.change(CHANNEL, 0.0)  # as it was, so that nothing else says no
    trial.tamper("UPDATE requests SET state = 'approved' WHERE id = ?", row.id)
    return row


@fault("audit.broken")
async def the_row_that_tells_of_it_was_taken_out(trial: Any) -> Any:
    row = await trial.approved()
    assert await trial.carry_out(row) == "done"
    trial.room.machine.change(CHANNEL, 0.0)
    await trial.asked()
    trial.tamper("UPDATE requests SET state = 'approved' WHERE id = ?", row.id)
    trial.tamper("DELETE FROM audit WHERE subject = ? AND event = 'ledger.claimed'", row.id)
    return row


@fault("audit.rolled_back")
async def the_database_is_an_earlier_copy(trial: Any) -> Any:
    row = await trial.approved()
    await trial.room.project.database.safety.settle()
    state = trial.room.project.state_dir
    kept = trial.copy()
    assert await trial.carry_out(row) == "done"
    await trial.room.project.aclose()
    for path in state.glob("osprey.db*"):
        path.unlink()
    kept.rename(state / "osprey.db")
    await trial.reopen()
    return row


@fault("audit.no_anchor")
async def the_anchor_was_lost(trial: Any) -> Any:
    row = await trial.approved()
    await trial.room.project.aclose()
    (trial.room.project.state_dir / "audit.anchor").unlink()
    await trial.reopen()
    return row


@fault(UNAVAILABLE, is_late=True)
async def the_anchor_vanished(trial: Any) -> Any:
    row = await trial.approved()
    await trial.room.project.database.safety.settle()
    anchor = trial.room.project.state_dir / "audit.anchor"
    away = anchor.rename(anchor.with_name("away"))
    trial.heal = lambda: away.rename(anchor)
    await trial.asked()  # its row has no place to be anchored at
    return row


@fault(UNAVAILABLE, is_late=True)
async def the_audit_cannot_be_appended_to(trial: Any) -> Any:
    row = await trial.approved()
    trial.do("CREATE TRIGGER full BEFORE INSERT ON audit BEGIN SELECT RAISE(ABORT, 'disk trouble'); END")
    trial.heal = lambda: trial.do("DROP TRIGGER full")
    return row


@fault(UNAVAILABLE, is_late=True)
async def the_database_is_locked(trial: Any) -> Any:
    row = await trial.approved()
    other = sqlite3.connect(trial.room.project.database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    trial.heal = other.close
    return row


@fault(UNAVAILABLE, is_late=True)
async def the_database_was_moved_away(trial: Any) -> Any:
    row = await trial.approved()
    await trial.room.project.database.safety.settle()
    database = trial.room.project.database.path
    away = database.rename(database.with_name("away.db"))
    trial.heal = lambda: away.rename(database)
    return row


class Policy:
    """A write policy of a plugin that changes its mind once something is approved."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def judge(self, items: Any) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


async def approved_before(trial: Any, answer: Any) -> Any:
    """Have a request approved, and then a plugin that answers so installed."""
    row = await trial.approved()
    registry = trial.room.project.registry
    names, resolve = registry.names, registry.resolve
    trial.patch.setattr(registry, "names", lambda point: ("beam",) if point == "write_policies" else names(point))
    trial.patch.setattr(
        registry, "resolve", lambda point, name: Policy(answer) if point == "write_policies" else resolve(point, name)
    )
    return row


@fault("policy.beam", paths=GUARDED)
async def a_plugin_denies(trial: Any) -> Any:
    return await approved_before(trial, [Denial(CHANNEL, "user beam")])


@fault("policy.beam", paths=GUARDED)
async def a_plugin_fails(trial: Any) -> Any:
    return await approved_before(trial, ValueError("no schedule"))


@fault("policy.beam", paths=GUARDED)
async def a_plugin_answers_nonsense(trial: Any) -> Any:
    return await approved_before(trial, True)


@fault("approval.policy_changed", paths=GUARDED)
async def a_plugin_wants_a_second_person(trial: Any) -> Any:
    return await approved_before(trial, [Requirement(channel=CHANNEL, reason="user beam", persons=2)])


@fault("approval.no_policy", paths=OTHERS)
async def nothing_declares_its_kind_any_more(trial: Any) -> Any:
    row = await trial.approved()
    trial.patch.setattr(trial.room.project.registry, "entries", lambda point: [])
    trial.patch.setattr(trial.room.project.registry, "names", lambda point: ())
    return row


TWO = {"two": {"persons": 2, "roles": {"expert": 1}}}


async def not_counted(trial: Any, row: Any, identity: Any, rule: str) -> Any:
    """Have somebody try to approve who may not; the request then waits on."""
    with pytest.raises(RefusedError) as caught:
        await trial.room.journal.requests.approve(row.id, row.sha256, identity.actor, voter=identity.voter)
    assert caught.value.rule == rule
    assert (await trial.room.rules())[-1] == rule
    return row


@fault("approval.pending", policies=TWO)
async def who_asked_approves(trial: Any) -> Any:
    return await not_counted(trial, await trial.asked(), await trial.room.proved("alice"), "approval.requester")


@fault("approval.pending", policies=TWO)
async def who_has_no_secret_approves(trial: Any) -> Any:
    return await not_counted(trial, await trial.asked(), trial.room.who("carol"), "approval.not_authenticated")


@fault("approval.pending", policies=TWO)
async def who_lacks_the_role_approves(trial: Any) -> Any:
    row, bob = await trial.asked(), await trial.room.proved("bob")
    await trial.room.journal.requests.approve(row.id, row.sha256, bob.actor, voter=bob.voter)
    return await not_counted(trial, row, await trial.room.proved("dave"), "approval.not_entitled")


@fault("approval.revoked", policies={"often": {"remember_uses": 3, "remember_for_s": 600.0}})
async def what_approved_it_was_revoked(trial: Any) -> Any:
    first, bob = await trial.asked(), trial.room.who("bob")
    wish = remembered_of(first, bob, Wish(uses=2, lasts_s=60.0))
    await trial.room.journal.requests.approve(first.id, first.sha256, bob.actor, voter=bob.voter, remember=wish)
    row = await trial.asked()
    assert row.decided_by.startswith("remembered:")
    [kept] = await trial.room.journal.remembered.list()
    await trial.room.journal.remembered.revoke(kept.id, bob.actor, "over")
    return row


@pytest.mark.parametrize(
    ("name", "path"), [(name, path) for name, (_, about) in FAULTS.items() for path in about.paths]
)
async def test_each_path_refuses_by_the_rule_of_the_fault(make_trial: Any, name: str, path: str) -> None:
    inject, about = FAULTS[name]
    trial = await make_trial(path, about.policies)
    row = await inject(trial)
    before = await trial.effects()
    assert await trial.carry_out(row) == about.rule
    assert await trial.effects() == before, "something was done"
    if not about.is_late:
        assert (await trial.room.rules())[-1] == about.rule
        return
    trial.heal()
    await trial.room.journal.audit.record(trial.room.who("alice").actor, "test.healed")
    await trial.room.project.database.safety.settle()
    assert UNAVAILABLE in await trial.room.rules(), "the row follows"
    assert await trial.carry_out(row) == "done", "the approval is not lost"
    assert await trial.effects() == before + 1


@pytest.mark.parametrize("path", PATHS)
async def test_each_path_does_it_once_when_nothing_is_wrong(make_trial: Any, path: str) -> None:
    trial = await make_trial(path)
    row = await trial.approved()
    assert await trial.carry_out(row) == "done"
    assert await trial.effects() == 1


@pytest.mark.parametrize("path", PATHS)
async def test_what_nothing_declares_cannot_even_be_asked_for(make_trial: Any, path: str) -> None:
    trial = await make_trial(path)
    assert await trial.room.journal.requests.list() == []
    trial.patch.setattr(trial.room.project.registry, "entries", lambda point: [])
    trial.patch.setattr(trial.room.project.registry, "names", lambda point: ())
    with pytest.raises(RefusedError) as caught:
        await trial.asked()
    assert caught.value.rule == "approval.no_policy"
    assert await trial.room.journal.requests.list() == []
    assert await trial.room.rules() == ["approval.no_policy"]
