"""One intended write on its way through the checks, and what was read to judge it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from attrs import define, field, frozen

from osprey.config.schema import TargetConfig
from osprey.control.channels.directory import ChannelDirectory
from osprey.control.limits.limit_entry import LimitRule
from osprey.control.limits.limits import Limits
from osprey.control.requests import WriteItem
from osprey.control.values import Bounds, ChannelInfo, Fault, Reading, ReadResult, Value
from osprey.errors import RefusedError


@frozen(kw_only=True)
class Case:
    """What is settled about one intended write so far; a check gives it back with more settled."""

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
    """The fresh reading, or the state that the items before leave."""
    is_left_by_batch: bool = False
    """True if `before` is what an earlier item of the batch leaves, not a reading."""
    readback: str | None = None
    """None: the channel itself."""
    tolerance: float = 0.0

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
        """What the channel holds before this write."""
        if self.before is None:
            msg = f"the present value of {self.channel} is not settled"
            raise LookupError(msg)
        return self.before.value


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
    _left: dict[str, Reading] = field(init=False, factory=dict)
    _before_group: dict[tuple[int, str], ReadResult] = field(init=False, factory=dict)
    _planned: dict[tuple[int, str], Reading] = field(init=False, factory=dict)
    _moves: dict[str, list[tuple[int, float]]] = field(init=False, factory=dict)

    def state_of(self, channel: str) -> ReadResult | None:
        """Give what a channel holds once the items before are done."""
        return self._left.get(channel) or self.readings.get(channel)

    def is_left_by_batch(self, channel: str) -> bool:
        """Tell whether an earlier item of the batch writes this channel."""
        return channel in self._left

    def moves_of(self, channel: str) -> list[tuple[int, float]]:
        """Give group and distance of the earlier items that write this channel."""
        return self._moves.get(channel, [])

    def plan(self, cases: Iterable[Case]) -> None:
        """Note what the items intend: those of one group go together, in no order that anybody can rely on."""
        for case in cases:
            self._planned[case.group, case.channel] = self._as_written(case)

    def states_beside(self, case: Case, channel: str) -> list[ReadResult | None]:
        """Give every state that another channel may be in at the moment when this item is put."""
        planned = self._planned.get((case.group, channel)) if channel != case.channel else None
        before = self._before_group.get((case.group, channel)) or self.state_of(channel)
        return [before] if planned is None else [before, planned]

    def leave(self, case: Case, travel: float) -> None:
        """Note what an allowed item leaves behind for the items after it."""
        earlier = self.state_of(case.channel)
        if earlier is not None:
            self._before_group[case.group, case.channel] = earlier
        self._left[case.channel] = self._as_written(case)
        self._moves.setdefault(case.channel, []).append((case.group, travel))

    def _as_written(self, case: Case) -> Reading:
        info = case.info
        return Reading(
            channel=case.channel,
            value=case.typed_value,
            dtype=info.dtype,
            shape=info.shape,
            unit=info.unit,
            received_ns=self.now_ns,
        )


Check = Callable[[Case, Scene], Case]


def refuse(rule: str, message: str) -> Any:
    """Say no; the one way in which a check refuses."""
    raise RefusedError(message, rule=rule)
