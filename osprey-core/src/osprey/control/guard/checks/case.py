"""One intended write on its way through the checks, and what was read to judge it."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from attrs import define, field, frozen

from osprey.config.schema import TargetConfig
from osprey.control.channels.directory import ChannelDirectory
from osprey.control.comparison import change_between, shape_of
from osprey.control.limits.group_rate import GroupRate
from osprey.control.limits.limit_entry import LimitRule, Verification
from osprey.control.limits.limits import Limits
from osprey.control.requests import WriteItem
from osprey.control.values import Bounds, ChannelInfo, Fault, Reading, ReadResult, Value
from osprey.errors import RefusedError


@define(kw_only=True)
class Case:
    """What is settled about one intended write so far; a check settles more of it and gives it back.

    It is changed in place: a thousand writes are judged in milliseconds, of which copies would be the most.
    """

    item: WriteItem
    group: int
    index: int
    described: ChannelInfo | Fault
    channel: str = ""
    """Canonical, with the field where it is not the value field: what is read, written and journalled."""
    rule: LimitRule | None = None
    value: Value | None = None
    label: str | None = None
    bounds: Bounds = field(factory=Bounds)
    before: Reading | None = None
    """The fresh reading, or the state that the items before leave, with what the channel is set to as its value.
    None for a command, which has no present value."""
    measured: Value | None = None
    """What the device reads beside its set value, before this batch; None where the system keeps one value only."""
    is_left_by_batch: bool = False
    """True if `before` is what an earlier item of the batch leaves, not a reading."""
    readback: str | None = None
    """None: the channel itself."""
    is_measured: bool = False
    """True if what is read back is a measurement, which follows and differs a little, not the set value itself."""
    verification: Verification = Verification.READBACK
    """What makes a completed put *confirmed*; for a command that nothing shows, never a read-back."""
    tolerance: float = 0.0
    tolerance_share: float | None = None
    """Of an array: how much of its own size an element may differ by, within `tolerance`; None: by `tolerance`."""

    @property
    def info(self) -> ChannelInfo:
        """What the system says of the channel."""
        if isinstance(self.described, ChannelInfo):
            return self.described
        msg = f"{self.item.channel} has no description"
        raise LookupError(msg)

    @property
    def typed_value(self) -> Value:
        """The value in the channel's own type."""
        if self.value is None:
            msg = f"the value of {self.item.channel} is not settled"
            raise LookupError(msg)
        return self.value

    @property
    def old_value(self) -> Value:
        """What the channel is set to before this write."""
        if self.before is None:
            msg = f"the present value of {self.channel} is not settled"
            raise LookupError(msg)
        return self.before.value

    @property
    def travel(self) -> float:
        """How far the write moves the channel; infinite where that cannot be told."""
        change = None if self.before is None else change_between(self.before.value, self.typed_value)
        return math.inf if change is None or math.isnan(change) else change


@frozen(kw_only=True)
class PastWrite:
    """An earlier write to a channel that may have landed."""

    at_ns: int
    travel: float
    """How far it moved the channel; infinite where that is not known."""


@define(kw_only=True)
class Scene:
    """All that the checks of one batch may look at. `leave` is how an item changes it for the next."""

    config: TargetConfig
    simulated: bool
    limits: Limits
    directory: ChannelDirectory
    withheld_policies: tuple[str, ...]
    settle_s: float
    now_ns: int
    readings: Mapping[str, ReadResult] = field(factory=dict[str, ReadResult])
    """Fresh, by the name that was read."""
    canonical: Mapping[str, str] = field(factory=dict[str, str])
    """The canonical name of each channel that an expression names."""
    history: Mapping[str, tuple[PastWrite, ...]] = field(factory=dict[str, tuple[PastWrite, ...]])
    """Earlier writes to a channel, from the ledger, so that all processes share it."""
    group_history: Mapping[str, tuple[PastWrite, ...]] = field(factory=dict[str, tuple[PastWrite, ...]])
    """Earlier writes to any channel of a group with a `group_rate`, by the group's name."""
    _left: dict[str, Case] = field(init=False, factory=dict)
    _before_group: dict[tuple[int, str], ReadResult] = field(init=False, factory=dict)
    _planned: dict[tuple[int, str], Case] = field(init=False, factory=dict)
    _moves: dict[str, list[tuple[int, float]]] = field(init=False, factory=dict)
    _group_past: dict[GroupRate, tuple[int, float]] = field(init=False, factory=dict)
    _group_moves: dict[str, dict[int, tuple[int, float]]] = field(init=False, factory=dict)

    def state_of(self, channel: str) -> ReadResult | None:
        """Give what a channel holds once the items before are done."""
        left = self._left.get(channel)
        return self.readings.get(channel) if left is None else self._as_written(left)

    def is_left_by_batch(self, channel: str) -> bool:
        """Tell whether an earlier item of the batch writes this channel."""
        return channel in self._left

    def moves_of(self, channel: str) -> list[tuple[int, float]]:
        """Give group and distance of the earlier items that write this channel."""
        return self._moves.get(channel, [])

    def group_past_of(self, rate: GroupRate) -> tuple[int, float]:
        """Give how many earlier writes of a group, and how much travel, lie within the window of its rate."""
        if rate not in self._group_past:
            begin_ns = self.now_ns - int(rate.window_s * 1e9)
            past = [write for write in self.group_history.get(rate.group, ()) if write.at_ns >= begin_ns]
            self._group_past[rate] = (len(past), sum(write.travel for write in past))
        return self._group_past[rate]

    def group_moves_of(self, group: str) -> Mapping[int, tuple[int, float]]:
        """Give how many earlier items write a channel of a rate's group, and how far, by the batch's group."""
        return self._group_moves.get(group, {})

    def plan(self, cases: Iterable[Case]) -> None:
        """Note what the items intend: those of one group go together, in no order that anybody can rely on."""
        for case in cases:
            self._planned[case.group, case.channel] = case

    def states_beside(self, case: Case, channel: str) -> list[ReadResult | None]:
        """Give every state that another channel may be in at the moment when this item is put."""
        planned = self._planned.get((case.group, channel)) if channel != case.channel else None
        before = self._before_group.get((case.group, channel)) or self.state_of(channel)
        return [before] if planned is None else [before, self._as_written(planned)]

    def leave(self, case: Case) -> None:
        """Note what an allowed item leaves behind for the items after it."""
        earlier = self.state_of(case.channel)
        if earlier is not None:
            self._before_group[case.group, case.channel] = earlier
        self._left[case.channel] = case
        rule = case.rule
        if rule is None or not rule.needs_history:
            return
        travel = case.travel
        self._moves.setdefault(case.channel, []).append((case.group, travel))
        for rate in rule.group_rates:
            moves = self._group_moves.setdefault(rate.group, {})
            count, total = moves.get(case.group, (0, 0.0))
            moves[case.group] = (count + 1, total + travel)

    def _as_written(self, case: Case) -> Reading:
        info = case.info
        return Reading(
            channel=case.channel,
            value=case.typed_value,
            dtype=info.dtype,
            shape=shape_of(case.typed_value),
            unit=info.unit,
            received_ns=self.now_ns,
        )


Check = Callable[[Case, Scene], Case]


def refuse(rule: str, message: str) -> Any:
    """Say no; the one way in which a check refuses."""
    raise RefusedError(message, rule=rule)
