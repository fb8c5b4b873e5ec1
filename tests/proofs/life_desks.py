"""People at their desks: the part of the machine of `life` that files and decides."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Awaitable
from pathlib import Path
from typing import Any, Final

from anyio.from_thread import BlockingPortal
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from tests.proofs.life_model import ROLES, SECOND, Kept, Model, Vote, Wanted

from osprey.errors import RefusedError
from osprey.journal import Journal, Needs, NewRemembered, NewRequest, Voter, Who
from osprey.storage import Database

MEMORY: Final = Path("/dev/shm")
people = st.sampled_from(sorted(ROLES))
choices = st.integers(0, 99)
"""Which request is meant; see `Desks.chosen`."""


def who(name: str) -> Who:
    return Who(f"os:{name}", "tty1", "console")


class Process:
    """One process with the journal open."""

    def __init__(self, folder: Path, clock: Any) -> None:
        self.database = Database.open(folder)
        self.journal = Journal.open(self.database, clock=clock)


class Desks(RuleBasedStateMachine):
    """One project, and whoever asks and decides in it; each rule holds what is said against the model."""

    portal: BlockingPortal
    """Of the loop that is kept open for all runs; set by whoever runs them."""
    template: Path
    """A project's state with empty tables, to be copied for each run."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None)) / "state"
        shutil.copytree(self.template, self.folder)
        self.model = Model()
        self.processes = [Process(self.folder, lambda: self.model.now_ns)]

    @property
    def journal(self) -> Journal:
        return self.processes[-1].journal

    def call(self, awaitable: Awaitable[Any]) -> Any:
        async def run() -> Any:
            return await awaitable

        return self.portal.call(run)

    def said(self, awaitable: Awaitable[Any]) -> str:
        """Give ``ok``, or the rule that said no."""
        try:
            self.call(awaitable)
        except RefusedError as error:
            self.model.refusals += 1
            answer = error.rule
        else:
            answer = "ok"
        return answer

    def expect(self, must: str, awaitable: Awaitable[Any]) -> bool:
        """Hold what is said against the model; say whether it was done."""
        said = self.said(awaitable)
        self.model.told()
        assert said == must, (said, must)
        return said == "ok"

    def chosen(self, choice: int, *states: str) -> Wanted:
        """Give a request: mostly one in a state in which there is something to do with it, and sometimes any."""
        every = list(self.model.wanted.values())
        likely = [about for about in every if about.state in states]
        found = likely if likely and choice % 6 else every
        return found[-1 - choice % len(found)]

    @initialize(by=people, document=st.sampled_from("ab"), groups=st.sampled_from([1, 2, 3]))
    def begin(self, by: str, document: str, groups: int) -> None:
        """Have something to decide from the beginning."""
        needs = {"persons": 1, "roles": {}, "is_proved": False, "may_remember": True}
        self.file(by, {by}, document, 300, groups, None, **needs)

    @rule(
        by=people,
        persons=st.sampled_from([1, 1, 1, 2, 2, 3]),
        roles=st.sampled_from([{}, {}, {"expert": 1}, {"operator": 1, "expert": 1}, {"operator": 2}]),
        is_proved=st.booleans(),
        may_remember=st.booleans(),
        lasts_s=st.integers(1, 300),
        groups=st.sampled_from([1, 1, 2, 3]),
        document=st.sampled_from(["a", "b", "µ"]),
    )
    def submit(self, by: str, document: str, lasts_s: int, groups: int, **needs: Any) -> None:
        self.file(by, {by}, document, lasts_s, groups, None, **needs)

    def file(
        self, by: str, authors: set[str], document: str, lasts_s: int, groups: int, supersedes: str | None, **needs: Any
    ) -> None:
        model, roles = self.model, dict(needs["roles"])
        persons = max(needs["persons"], *roles.values(), len(roles), 1)
        may_remember = needs["may_remember"] and persons == 1
        asked = Needs(persons=persons, roles=roles, is_authenticated=needs["is_proved"])
        text = f'{{"text":"{document}","writes":{{"groups":{[[]] * groups}}}}}'
        new = NewRequest(
            kind="channel_write", title="t", thread="t", document=text, risk="", requester=f"os:{by}",
            expires_ns=model.now_ns + lasts_s * SECOND, supersedes=supersedes, needs=asked, authors=(by,),
        )  # fmt: skip
        row = self.call(self.journal.requests.create(new))
        model.told()
        assert row.sha256 == hashlib.sha256(text.encode()).hexdigest()
        model.wanted[row.id] = Wanted(
            id=row.id, sha256=row.sha256, document=text, persons=persons, roles=roles, is_proved=needs["is_proved"],
            may_remember=may_remember, authors=set(authors), expires_ns=row.expires_ns, groups=groups,
        )  # fmt: skip

    @rule(choice=choices, by=people, document=st.sampled_from(["c", "d"]), lasts_s=st.integers(1, 300))
    def edit(self, choice: int, by: str, document: str, lasts_s: int) -> None:
        """Put another document in its place; who edits is an author from then on."""
        about = self.chosen(choice, "pending", "approved")
        needs = {"roles": about.roles, "persons": about.persons, "is_proved": about.is_proved}
        needs["may_remember"] = about.may_remember
        if about.state in ("claimed", "superseded"):
            try:
                self.file(by, set(), document, lasts_s, about.groups, about.id, **needs)
            except RefusedError as error:
                self.model.refusals += 1
                self.model.told()
                assert error.rule == f"approval.{about.state}"
                return
            raise AssertionError("replaced what cannot be")
        self.file(by, {*about.authors, by}, document, lasts_s, about.groups, about.id, **needs)
        if about.state in ("pending", "approved"):
            about.state = "superseded"

    @rule(
        choice=choices,
        by=people,
        is_proved=st.booleans(),
        length=st.sampled_from([64, 64, 64, 64, 8, 12, 7, 0]),
        is_right=st.sampled_from([True] * 6 + [False]),
        wish=st.tuples(st.integers(1, 2), st.integers(20, 300)) | st.none(),
    )
    def approve(
        self, choice: int, by: str, is_proved: bool, length: int, is_right: bool, wish: tuple[int, int] | None
    ) -> None:
        about = self.chosen(choice, "pending")
        vote = Vote(person=by, is_proved=is_proved)
        other = "".join("0" if digit == "f" else "f" for digit in about.sha256)
        prefix = (about.sha256 if is_right else other)[:length]
        remember = None
        if wish is not None and about.may_remember:
            remember = NewRemembered(
                person=by, roles=ROLES[by], is_authenticated=is_proved, max_uses=wish[0],
                ends_ns=self.model.now_ns + wish[1] * SECOND,
            )  # fmt: skip
        if self.give(about, vote, prefix, remember) and remember is not None:
            [newest] = {kept.id for kept in self.call(self.journal.remembered.list())} - set(self.model.kept)
            self.model.kept[newest] = Kept(
                person=by, is_proved=is_proved, most=remember.max_uses, ends_ns=remember.ends_ns
            )

    def give(self, about: Wanted, vote: Vote, prefix: str, remember: NewRemembered | None = None) -> bool:
        must = self.model.vote(about, vote, prefix)
        voter = Voter(
            person=vote.person, roles=ROLES[vote.person], is_authenticated=vote.is_proved, remembered=vote.remembered
        )
        actor = who(vote.person)
        approving = self.journal.requests.approve(about.id, prefix, actor, voter=voter, remember=remember)
        if not self.expect(must, approving):
            return False
        about.votes.append(vote)
        if vote.remembered is not None:
            self.model.kept[vote.remembered].uses += 1
        if about.is_agreed(about.votes):
            about.state = "approved"
        return True

    @rule(choice=choices, most=st.sampled_from([1, 3, 3]))
    def agree(self, choice: int, most: int) -> None:
        """Have whoever counts approve, as many as are needed or fewer."""
        about = self.chosen(choice, "pending")
        for person in sorted(ROLES, key=lambda name: -len(set(ROLES[name]) & set(about.roles)))[: most + 1]:
            if about.state == "pending" and not (about.persons > 1 and person in about.authors):
                self.give(about, Vote(person=person, is_proved=True), about.sha256)

    @rule(choice=choices, which=st.integers(0, 5))
    def use(self, choice: int, which: int) -> None:
        """Have a remembered decision speak."""
        if not self.model.kept:
            return
        name = list(self.model.kept)[which % len(self.model.kept)]
        kept, about = self.model.kept[name], self.chosen(choice, "pending")
        self.give(about, Vote(person=kept.person, is_proved=kept.is_proved, remembered=name), about.sha256)

    @rule(which=st.integers(0, 5))
    def revoke(self, which: int) -> None:
        if not self.model.kept:
            return
        name = list(self.model.kept)[which % len(self.model.kept)]
        must = "approval.remembered" if self.model.kept[name].is_revoked else "ok"
        if self.expect(must, self.journal.remembered.revoke(name, who("alice"), "over")):
            self.model.kept[name].is_revoked = True

    @rule(choice=choices, by=people, word=st.sampled_from(["reject", "withdraw"]))
    def refuse(self, choice: int, by: str, word: str) -> None:
        about, state = self.chosen(choice), {"reject": "rejected", "withdraw": "withdrawn"}[word]
        must = self.model.step(about, state)
        if self.expect(must, getattr(self.journal.requests, word)(about.id, who(by), "a reason")):
            about.state = state

    @rule(choice=choices, by=people, text=st.sampled_from(["yes", "approve", "yes but only 5 A"]))
    def comment(self, choice: int, by: str, text: str) -> None:
        """Say something that decides nothing, and put it off."""
        about = self.chosen(choice, "pending")
        self.model.look(about)
        assert self.expect("ok", self.journal.requests.comment(about.id, who(by), text))
        self.expect(self.model.step(about, "rejected"), self.journal.requests.postpone(about.id, who(by), text))
