"""Everybody is warned once of each request whose time is nearly over, and not of what is decided or over."""

from __future__ import annotations

from typing import Any

from attrs import evolve, frozen
from hypothesis import given
from hypothesis import strategies as st

from osprey.approval.expiry_watch import ExpiryWatch
from osprey.journal import RequestRow, RequestState

S = 1_000_000_000
START = 1_800_000_000 * S
OPEN = (RequestState.PENDING, RequestState.APPROVED)


def request(number: int = 1, *, lives_s: float = 3600, filed_s: float = 0, **changes: Any) -> RequestRow:
    empty: dict[str, Any] = dict.fromkeys(("key", "supersedes", "decided_by", "decided_ns", "claimed_by", "claimed_ns"))
    empty |= dict.fromkeys(("owner", "groups", "finished_ns", "report"))
    texts = dict.fromkeys(("kind", "title", "thread", "document", "sha256", "risk", "requester", "reason"), "")
    filed_ns = START + int(filed_s * S)
    values = {
        **empty,
        **texts,
        "id": f"req-{number}",
        "state": RequestState.PENDING,
        "created_ns": filed_ns,
        "expires_ns": filed_ns + int(lives_s * S),
        "presentation": {},
    }
    return RequestRow(**{**values, **changes})


def ids(rows: tuple[RequestRow, ...]) -> list[str]:
    return [row.id for row in rows]


def at(seconds: float) -> int:
    return START + int(seconds * S)


def test_it_warns_when_the_time_is_nearly_over_and_once() -> None:
    watch, row = ExpiryWatch(300), request()
    early = watch.look([row], at(0))
    assert (early.expiring, early.next_ns) == ((), at(3300))
    assert ids(watch.look([row], at(3300)).expiring) == ["req-1"]
    late = watch.look([row], at(3301))
    assert (late.expiring, late.next_ns) == ((), at(3600))


def test_a_short_life_is_warned_of_at_its_half_and_not_when_it_begins() -> None:
    watch, row = ExpiryWatch(300), request(lives_s=60)
    assert watch.look([row], at(0)).expiring == ()
    assert ids(watch.look([row], at(30)).expiring) == ["req-1"]


def test_a_watch_that_begins_late_warns_at_once() -> None:
    assert ids(ExpiryWatch(300).look([request()], at(3500)).expiring) == ["req-1"]


def test_what_is_over_is_not_warned_of() -> None:
    assert ExpiryWatch(300).look([request()], at(3600)).expiring == ()


def test_what_somebody_has_approved_is_not_warned_of_but_watched() -> None:
    watch, row = ExpiryWatch(300), request(state=RequestState.APPROVED)
    look = watch.look([row], at(3400))
    assert (look.expiring, look.next_ns) == ((), at(3600))
    assert watch.look([], at(3600)).gone == ("req-1",)


def test_what_was_never_open_is_not_gone() -> None:
    watch = ExpiryWatch(300)
    expired = request(state=RequestState.EXPIRED)
    assert watch.look([expired], at(4000)).gone == ()
    assert watch.look([], at(4001)).gone == ()


def test_what_is_claimed_meanwhile_is_gone_once() -> None:
    watch, row = ExpiryWatch(300), request()
    watch.look([row], at(0))
    claimed = evolve(row, state=RequestState.CLAIMED)
    assert watch.look([claimed], at(1)).gone == ("req-1",)
    assert watch.look([claimed], at(2)).gone == ()


def test_where_no_time_runs_there_is_no_next_look() -> None:
    assert ExpiryWatch(300).look([], at(0)).next_ns is None


@frozen
class Life:
    """When a request is filed, how long it may live, and when somebody approves it, if anybody does."""

    filed_s: int
    lives_s: int
    approved_s: int | None

    def row(self, number: int, now_ns: int) -> RequestRow | None:
        row = request(number, filed_s=self.filed_s, lives_s=self.lives_s)
        if not row.created_ns <= now_ns < row.expires_ns:
            return None
        is_approved = self.approved_s is not None and now_ns >= row.created_ns + self.approved_s * S
        return evolve(row, state=RequestState.APPROVED) if is_approved else row


LIVES = st.lists(
    st.builds(Life, st.integers(0, 100), st.integers(1, 200), st.none() | st.integers(0, 200)), min_size=1, max_size=8
)


@given(lives=LIVES, warn_before_s=st.integers(1, 200), every_s=st.integers(1, 50))
def test_whoever_looks_when_told_to_warns_of_each_once_and_in_time(
    lives: list[Life], warn_before_s: int, every_s: int
) -> None:
    """Looking when `next_ns` says, or when something happens, is enough; looking more often changes nothing."""
    watch, now_ns, end_ns = ExpiryWatch(warn_before_s), START, at(400)
    happens = {at(life.filed_s + s) for life in lives for s in (0, life.approved_s or 0, life.lives_s)}
    warned: list[str] = []
    gone: list[str] = []
    while now_ns <= end_ns:
        rows = [row for number, life in enumerate(lives) if (row := life.row(number, now_ns)) is not None]
        look = watch.look(rows, now_ns)
        for row in look.expiring:
            assert row.state is RequestState.PENDING
            left_ns = row.expires_ns - now_ns
            assert 0 < left_ns <= min(warn_before_s * S, (row.expires_ns - row.created_ns) / 2 + 1)
        warned += ids(look.expiring)
        gone += look.gone
        assert look.next_ns is None or look.next_ns > now_ns
        assert (look.next_ns is None) is (not rows)
        following = [moment for moment in happens if moment > now_ns]
        now_ns = min([*following, look.next_ns or end_ns, now_ns + every_s * S])
        if not following and look.next_ns is None:
            break
    window_ns = {n: min(warn_before_s * S, life.lives_s * S // 2) for n, life in enumerate(lives)}
    undecided = [
        f"req-{number}"
        for number, life in enumerate(lives)
        if life.approved_s is None or life.approved_s * S > life.lives_s * S - window_ns[number]
    ]
    assert sorted(warned) == sorted(undecided)
    assert sorted(gone) == sorted(f"req-{number}" for number in range(len(lives)))
