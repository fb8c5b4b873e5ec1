"""The kit for plugin authors: suites that every connector, archiver and driver of chat models has to pass.

It needs pytest. Nothing of Osprey imports it, and no plugin does outside its tests. Beside the guard, it is the only
room that puts values: to the peers that its tests start, and through one function (`conformance/hand.py`).
"""

from __future__ import annotations

import pytest

for _room in ("conformance", "archiver_conformance", "hostile_models"):
    pytest.register_assert_rewrite(f"osprey.testing.{_room}")
