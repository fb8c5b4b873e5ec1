"""The search without a model finds what operators ask for among 10,000 channels; its speed is measured elsewhere."""

from __future__ import annotations

import pytest
from tests.benchmarks.channel_recall import REQUESTS, channels, recall

from osprey.config import PipelineMode
from osprey.control import ChannelRecord
from osprey.control.channels.directory import ChannelDirectory
from osprey.control.channels.pipelines import find_channels

pytestmark = pytest.mark.anyio


def test_nine_of_ten_right_channels_are_among_the_first_five() -> None:
    records = channels()
    assert len(records) >= 10_000
    directory = ChannelDirectory(records)
    assert recall(lambda query: directory.search(query, limit=5), records) >= 0.9


@pytest.mark.parametrize("mode", [PipelineMode.HIERARCHICAL, PipelineMode.MIDDLE_LAYER])
async def test_the_other_pipelines_find_as_much(mode: PipelineMode) -> None:
    records = channels()
    directory = ChannelDirectory(records)
    found: dict[str, tuple[ChannelRecord, ...]] = {}
    for query, _ in (one for requests in REQUESTS.values() for one in requests):
        found[query] = (await find_channels(query, directory, mode, limit=5)).records
    assert recall(found.__getitem__, records) >= 0.9
