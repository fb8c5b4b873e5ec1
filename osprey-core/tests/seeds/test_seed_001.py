"""The approval snippet of seed 001 ("Production Systems" of the API reference), under the framework's former name."""

from __future__ import annotations

import warnings

import pytest

import osprey.approval

pytestmark = pytest.mark.anyio


async def test_the_manager_is_found_under_the_former_name(desk) -> None:
    """Seed 001, tab "Security Flow"."""
    with desk.project.activate(), warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the former name says so itself
        # fmt: off
        # Approval system integration
        from framework.approval import get_approval_manager
        approval_manager = get_approval_manager()
        # fmt: on
        assert approval_manager.get_config_summary()["global_mode"] == "selective"
    assert get_approval_manager is osprey.approval.get_approval_manager
