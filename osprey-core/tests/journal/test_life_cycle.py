"""The life of requests as a state machine, against a model that says what must happen."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import Any

import anyio
from attrs import define
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from osprey.errors import RefusedError
from osprey.journal import Intent, Journal, NewRequest, Receipt, RequestState, Who
from osprey.journal.values import FOLLOWING_STATES
from osprey.storage import Database

SECOND = 1_000_000_000
ALICE = Who("os:alice", "tty1", "console")
OPEN = (RequestState.PENDING, RequestState.APPROVED)


@define
class Expected:
    """What the model knows of one request."""

    sha256: str
    expires_ns: int
    state: RequestState = RequestState.PENDING
    claims: int = 0
    in_doubt: bool = False


class LifeCycle(RuleBasedStateMachine):
    """Files, decides, claims and finishes requests while the clock runs."""

    requests = Bundle("requests")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="osprey-life-"))
        self.now_ns = 1_800_000_000 * SECOND
        self.database = Database.open(self.folder / "state")
        self.journal = Journal.open(self.database, clock=lambda: self.now_ns)
        self.model: dict[str, Expected] = {}
        self.seen: dict[str, RequestState] = {}
        self.rows = 0

    def teardown(self) -> None:
        assert self.call(self.journal.audit.verify()).is_intact
        self.call(self.journal.aclose())
        self.database.close()
        shutil.rmtree(self.folder)

    def call(self, awaitable: Awaitable[Any]) -> Any:
        async def run() -> Any:
            return await awaitable

        return anyio.run(run)

    def attempt(self, awaitable: Awaitable[Any]) -> str:
        """Give ``ok``, or the rule that refused."""
        try:
            self.call(awaitable)
        except RefusedError as error:
            return error.rule
        return "ok"

    def state_now(self, request_id: str) -> RequestState:
        """What the state must be once the clock was looked at."""
        expected = self.model[request_id]
        if expected.state in OPEN and self.now_ns >= expected.expires_ns:
            expected.state = RequestState.EXPIRED
        return expected.state

    @rule(target=requests, lasts_s=st.integers(1, 50), document=st.text("ab{}µ", max_size=4))
    def file(self, lasts_s: int, document: str) -> str:
        return self.filed(lasts_s, document, None)

    def filed(self, lasts_s: int, document: str, supersedes: str | None) -> str:
        new = NewRequest(
            kind="channel_write",
            title="t",
            thread="t",
            document=document,
            risk="low",
            requester="os:bob",
            expires_ns=self.now_ns + lasts_s * SECOND,
            supersedes=supersedes,
        )
        row = self.call(self.journal.requests.create(new))
        self.model[row.id] = Expected(row.sha256, row.expires_ns)
        return row.id

    @rule(seconds=st.integers(0, 30))
    def wait(self, seconds: int) -> None:
        self.now_ns += seconds * SECOND

    @rule(request_id=requests, length=st.integers(0, 64), is_right=st.booleans())
    def approve(self, request_id: str, length: int, is_right: bool) -> None:
        expected = self.model[request_id]
        prefix = expected.sha256[:length]
        if not is_right:
            prefix = prefix[:-1] + ("0" if prefix.endswith("1") else "1")
        said = self.attempt(self.journal.requests.approve(request_id, prefix, ALICE))
        if len(prefix) < 8:
            assert said == "approval.hash"
        elif (state := self.state_now(request_id)) is not RequestState.PENDING:
            assert said == f"approval.{state}"
        elif not is_right:
            assert said == "approval.hash"
        else:
            assert said == "ok"
            expected.state = RequestState.APPROVED

    @rule(request_id=requests)
    def reject(self, request_id: str) -> None:
        said = self.attempt(self.journal.requests.reject(request_id, ALICE, "no"))
        self.expect_step(request_id, said, RequestState.REJECTED)

    @rule(request_id=requests)
    def withdraw(self, request_id: str) -> None:
        said = self.attempt(self.journal.requests.withdraw(request_id, ALICE, "not needed"))
        self.expect_step(request_id, said, RequestState.WITHDRAWN)

    def expect_step(self, request_id: str, said: str, state: RequestState) -> None:
        before = self.state_now(request_id)
        if state in FOLLOWING_STATES.get(before, ()):
            assert said == "ok"
            self.model[request_id].state = state
        else:
            assert said == f"approval.{before}"

    @rule(request_id=requests, is_right=st.booleans(), channel=st.sampled_from("AB"))
    def claim(self, request_id: str, is_right: bool, channel: str) -> None:
        expected = self.model[request_id]
        named = expected.sha256 if is_right else expected.sha256[::-1]
        is_right = named == expected.sha256
        intent = Intent(target="ring", channel=f"{channel}", group=0, index=0, value="0x0.0p+0")
        busy = {row.channel: row.state for row in self.call(self.journal.ledger.list())}
        said = self.attempt(self.journal.ledger.claim(request_id, named, ALICE, [intent], groups=1))
        state = self.state_now(request_id)
        if state is not RequestState.APPROVED:
            assert said == f"approval.{state}"
        elif not is_right:
            assert said == "approval.hash"
        elif channel in busy:
            assert said == ("ledger.in_doubt" if busy[channel] == "in_doubt" else "ledger.channel_busy")
        else:
            assert said == "ok"
            expected.state = RequestState.CLAIMED
            expected.claims += 1
            assert expected.claims == 1

    @rule(
        request_id=requests,
        outcome=st.sampled_from(["confirmed", "failed", "mismatch", "unconfirmed"]),
        asked=st.sampled_from([RequestState.DONE, RequestState.PARTIAL, RequestState.FAILED]),
    )
    def finish(self, request_id: str, outcome: str, asked: RequestState) -> None:
        state = self.state_now(request_id)
        receipt = Receipt(group=0, index=0, outcome=outcome)
        said = self.attempt(self.journal.ledger.finish(request_id, [receipt], asked, {}))
        if state is not RequestState.CLAIMED:
            assert said in (f"approval.{state}", "ledger.not_owner")
        else:
            assert said == "ok"
            in_doubt = outcome == "unconfirmed"
            self.model[request_id].state = RequestState.IN_DOUBT if in_doubt else asked

    @rule()
    def settle_all(self) -> None:
        for doubt in self.call(self.journal.ledger.doubts()):
            self.call(self.journal.ledger.settle(doubt.id, ALICE, "did_not_land", "looked"))

    @rule(target=requests, request_id=consumes(requests), lasts_s=st.integers(1, 50))
    def supersede(self, request_id: str, lasts_s: int) -> str:
        state = self.state_now(request_id)
        if state in (RequestState.CLAIMED, RequestState.SUPERSEDED):
            # Filing is refused; the old request stays the one that counts.
            try:
                self.filed(lasts_s, "later", request_id)
            except RefusedError as error:
                assert error.rule == f"approval.{state}"
                return request_id
            raise AssertionError
        new_id = self.filed(lasts_s, "later", request_id)
        if state in OPEN:
            self.model[request_id].state = RequestState.SUPERSEDED
        return new_id

    @invariant()
    def the_journal_agrees_with_the_model_and_nothing_goes_back(self) -> None:
        for row in self.call(self.journal.requests.list()):
            assert row.state is self.state_now(row.id)
            before = self.seen.get(row.id, RequestState.PENDING)
            assert row.state is before or is_reachable(before, row.state)
            self.seen[row.id] = row.state
            if row.state is RequestState.EXPIRED:
                assert row.claimed_by is None
                assert "os:" not in row.reason


def is_reachable(before: RequestState, after: RequestState) -> bool:
    following = FOLLOWING_STATES.get(before, frozenset())
    return after in following or any(is_reachable(step, after) for step in following)


LifeCycle.TestCase.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
TestLifeCycle = LifeCycle.TestCase
