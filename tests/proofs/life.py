"""The whole life of requests as a state machine: everybody does anything at any time, and the model says what must be.

Held after every step: each request is in the state of the model, and none went back. Held at the end: the audit is
intact and has a row for every refusal. Held by the model at each claim: enough people have agreed to exactly this
document, none of them its author where several have to, and it was not carried out before.
"""

from __future__ import annotations

import shutil
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule
from tests.proofs.life_desks import Desks, Process, choices, who
from tests.proofs.life_model import FOLLOWING, Wanted

from osprey.journal import Intent, Receipt, RequestState

OUTCOMES: Final = ("confirmed", "confirmed", "confirmed", "failed", "mismatch", "unconfirmed")
MOST_PROCESSES: Final = 4
channels = st.sampled_from("AB")
lateness = st.sampled_from([False, False, False, True])


def intents(channel: str, group: int) -> list[Intent]:
    return [Intent(target="ring", channel=channel, group=group, index=0, value="0x1.8p+0")]


class Life(Desks):
    """One project in which everything happens."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: dict[str, str] = {}
        self.spent: list[str] = []
        self.gone: set[int] = set()
        """Processes that ended before they had begun to carry anything out."""

    def teardown(self) -> None:
        try:
            self.recover()
            self.look_at_all()
            self.every_request_is_as_the_model_says()
            self.the_audit_tells_of_every_refusal()
        finally:
            for process in self.processes:
                process.database.close()
            shutil.rmtree(self.folder.parent)

    def the_audit_tells_of_every_refusal(self) -> None:
        verdict = self.call(self.journal.audit.verify())
        assert verdict.is_intact, verdict
        told = sum(row.event == "refused" for row in self.call(self.journal.audit.log()))
        assert told == self.model.refusals, "every refusal has a row"

    def actor(self, is_late: bool) -> int:
        """Give the process that acts: the one that lives, or one that is thought dead and is not."""
        living = len(self.processes) - 1
        late = [number for number in range(living) if number not in self.gone]
        return late[-1] if is_late and late else living

    @rule(choice=choices, is_right=st.sampled_from([True, True, True, False]), channel=channels, late=lateness)
    def claim(self, choice: int, is_right: bool, channel: str, late: bool) -> None:
        about, process = self.chosen(choice, "approved"), self.actor(late)
        sha256 = about.sha256 if is_right else about.sha256[::-1]
        must = self.model.claim(about, sha256, [channel], process)
        ledger = self.processes[process].journal.ledger
        if self.expect(must, ledger.claim(about.id, sha256, who("bob"), intents(channel, 0), groups=about.groups)):
            about.state, about.owner = "claimed", process
            about.executed += 1
            self.model.open(about, channel)

    @rule(choice=choices, is_right=st.sampled_from([True, True, True, False]))
    def spend(self, choice: int, is_right: bool) -> None:
        about = self.chosen(choice, "approved")
        sha256 = about.sha256 if is_right else about.sha256[::-1]

        def effect(_: Any, row: Any) -> dict[str, Any]:
            assert row.document == about.document, "another document than was approved"
            self.spent.append(about.id)
            return {}

        must = self.model.claim(about, sha256, [], self.actor(False))
        if self.expect(must, self.journal.ledger.spend(about.id, sha256, who("bob"), effect)):
            about.state = "done"
            about.executed += 1
        assert self.spent.count(about.id) == (about.executed if not about.opened else 0)

    @rule(choice=choices, outcome=st.sampled_from(OUTCOMES), channel=channels, late=lateness)
    def advance(self, choice: int, outcome: str, channel: str, late: bool) -> None:
        """Tell what became of the last group, and send the next if there is one."""
        about, process = self.chosen(choice, "claimed"), self.actor(late)
        must = self.model.hold(about, process)
        receipts = [Receipt(group=about.opened - 1, index=0, outcome=outcome)] if about.open_channel else []
        following = intents(channel, about.opened) if about.opened < about.groups else []
        if must == "ok":
            self.model.close(about, outcome)
            must = self.model.next_group(about, channel) if following else "ok"
        if (
            self.expect(must, self.processes[process].journal.ledger.advance(about.id, receipts, following))
            and following
        ):
            self.model.open(about, channel)

    @rule(
        choice=choices,
        outcome=st.sampled_from([*OUTCOMES, ""]),
        asked=st.sampled_from(["done", "partial", "failed"]),
        late=lateness,
    )
    def finish(self, choice: int, outcome: str, asked: str, late: bool) -> None:
        """End a request, with the receipt of its last group or without."""
        about, process = self.chosen(choice, "claimed"), self.actor(late)
        is_told = bool(about.open_channel and outcome)
        receipts = [Receipt(group=about.opened - 1, index=0, outcome=outcome)] if is_told else []
        must = self.model.hold(about, process)
        ledger = self.processes[process].journal.ledger
        if self.expect(must, ledger.finish(about.id, receipts, RequestState(asked), {})):
            self.model.close(about, outcome)
            about.state = "in_doubt" if about.is_doubtful else asked

    @rule(
        choice=choices,
        outcome=st.sampled_from(OUTCOMES),
        channel=channels,
        is_spent=lateness,
    )
    def go_on(self, choice: int, outcome: str, channel: str, is_spent: bool) -> None:
        """Do the next thing that there is to do with a request."""
        about = self.chosen(choice, "pending", "approved", "claimed")
        match about.state:
            case "pending":
                self.agree(choice, 3)
            case "approved" if is_spent:
                self.spend(choice, is_right=True)
            case "approved":
                self.claim(choice, is_right=True, channel=channel, late=False)
            case "claimed" if about.opened < about.groups and not about.is_unconfirmed:
                self.advance(choice, outcome, channel, late=False)
            case "claimed":
                self.finish(choice, outcome, "partial" if about.opened < about.groups else "done", late=False)
            case _:
                pass  # there is nothing to do with it

    @rule(choice=choices, outcome=st.sampled_from(OUTCOMES), channel=channels)
    def go_on_with_one(self, choice: int, outcome: str, channel: str) -> None:
        for _ in range(4):
            self.go_on(choice, outcome, channel, is_spent=False)

    @rule(what=st.sampled_from(["settle", "crash", "crash", "recover", "accept_clock", "halt", "halt", "release"]))
    def incident(self, what: str) -> None:
        getattr(self, what)()

    def settle(self) -> None:
        for doubt in self.call(self.journal.ledger.doubts()):
            assert self.expect("ok", self.journal.ledger.settle(doubt.id, who("alice"), "did_not_land", "looked"))
        kept = {channel: state for channel, state in self.model.unresolved.items() if state != "in_doubt"}
        self.model.unresolved = kept
        for about in self.model.wanted.values():
            about.is_doubtful = False  # a person has said what became of it

    def crash(self) -> None:
        """Have another process begin, to which the one before is dead: its lock is not there any more."""
        if len(self.processes) == MOST_PROCESSES:
            return
        lock = self.folder / "owners" / f"{self.journal.owner.id}.lock"
        if lock.exists():
            lock.unlink()
        else:
            self.gone.add(len(self.processes) - 1)
        self.processes.append(Process(self.folder, lambda: self.model.now_ns))

    @rule(is_there=st.booleans())
    def recover(self, is_there: bool = True) -> None:
        """Take over what dead processes have left, and record what is seen of it."""
        ledger, dead = self.journal.ledger, set(range(len(self.processes) - 1))
        left = [about for about in self.model.wanted.values() if about.state == "claimed" and about.owner in dead]
        orphans = self.call(ledger.orphans())
        assert {orphan.request_id for orphan in orphans} == {about.id for about in left if about.open_channel}
        for orphan in orphans:
            self.call(ledger.record_recovery(orphan, is_there, None, "seen"))
        assert {row.id for row in self.call(ledger.orphan_requests())} == {about.id for about in left}
        for about in left:
            self.model.taken.add(about.owner)
            self.model.close(about, "confirmed" if is_there else "unconfirmed")
            about.state = _concluded(about, str(self.call(ledger.conclude_recovery(about.id)).state))
        if left:
            self.model.told()

    @rule(seconds=st.sampled_from([0, 1, 5, 30, 120, 400, -1, -60]))
    def move_the_clock(self, seconds: int) -> None:
        self.model.now_ns += seconds * 10**9

    def accept_clock(self) -> None:
        self.call(self.journal.audit.accept_clock(who("alice"), "it is right now"))
        self.model.high_ns = self.model.now_ns

    def halt(self) -> None:
        assert self.expect("ok", self.journal.halt.set(who("alice"), "crew in the tunnel"))
        self.model.is_halted = True
        for about in self.model.wanted.values():
            if about.state == "approved" and self.model.look(about) == "approved":
                about.state = "withdrawn"

    def release(self) -> None:
        assert self.expect("ok", self.journal.halt.release(who("alice"), "they are out"))
        self.model.is_halted = False

    @rule()
    def look_at_all(self) -> None:
        """Look at everything; what has expired is nobody's no."""
        self.model.look_at_all()
        for row in self.call(self.journal.requests.list()):
            about = self.model.wanted[row.id]
            assert (str(row.state), set(row.authors)) == (about.state, about.authors)
            if about.state == "expired":
                assert row.reason.startswith("its time was over")
                assert row.claimed_by is None
                assert about.executed == 0

    @invariant()
    def every_request_is_as_the_model_says(self) -> None:
        stored = self.processes[-1].database.read_sync(
            lambda connection: dict(connection.exec_driver_sql("SELECT id, state FROM requests").all())
        )
        assert stored == {about.id: about.state for about in self.model.wanted.values()}
        for request, state in stored.items():
            assert _is_reachable(self.seen.get(request, "pending"), state), "a state went back"
        self.seen = stored


def _concluded(about: Wanted, state: str) -> str:
    """Check what recovery has made of a request: done only if all of it is there, in doubt if anything is."""
    assert state in FOLLOWING["claimed"]
    assert (state == "in_doubt") is about.is_doubtful
    assert state != "done" or (about.opened == about.groups and not about.is_unconfirmed)
    return state


def _is_reachable(before: str, after: str) -> bool:
    return before == after or any(_is_reachable(step, after) for step in FOLLOWING.get(before, ()))
