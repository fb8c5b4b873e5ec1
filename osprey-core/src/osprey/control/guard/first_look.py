"""The first look at a batch: what the control system says of each channel, and what it holds.

Judging for a person asks for everything. Judging once more, just before an approved batch is put, needs nothing
that stands on the approved page only, so a system that tells of a channel and its value in one answer is asked once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from attrs import field, frozen

from osprey.control.guard.survey import describe_channels, require_answers
from osprey.control.protocols import Surveyor
from osprey.control.values import ChannelInfo, Fault, ReadResult

if TYPE_CHECKING:
    from osprey.control.targets import Target


@frozen(kw_only=True)
class FirstLook:
    """What was seen, by the names that were asked."""

    described: Mapping[str, ChannelInfo | Fault]
    readings: Mapping[str, ReadResult] = field(factory=dict[str, ReadResult])
    """Fresh values, where they came with the descriptions."""


async def look_at(target: Target, names: Sequence[str], *, is_renewal: bool) -> FirstLook:
    """Look at the channels of a batch.

    :param is_renewal: the batch was judged before, and shown to a person.
    """
    connector = target.connector
    if not is_renewal or not isinstance(connector, Surveyor):
        return FirstLook(described=await describe_channels(target, names))
    wanted = list(dict.fromkeys(names))
    answers = await connector.survey(wanted, timeout_s=target.config.read_timeout_s)
    described = require_answers(wanted, [info for info, _ in answers])
    return FirstLook(described=described, readings=require_answers(wanted, [reading for _, reading in answers]))
