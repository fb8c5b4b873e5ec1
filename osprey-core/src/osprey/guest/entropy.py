"""Randomness that repeats: two passes of one program draw the same numbers.

The seed is the parent's. `random`, `secrets`, `uuid` and NumPy (whose generators seed themselves through
`secrets`) all end in `os.urandom`; nothing in a sandbox without network has a use for real secrets.
"""

from __future__ import annotations

import os
import random
import sys
from typing import Any, Callable


def seeded_urandom(seed: int) -> Callable[[int], bytes]:
    """Give a stand-in for `os.urandom` with a stream of its own."""
    stream = random.Random(seed)  # noqa: S311 - repeatable on purpose
    return lambda size: stream.getrandbits(8 * size).to_bytes(size, "big") if size else b""


def install_entropy(seed: int) -> None:
    """Seed everything that draws random numbers in this process."""
    urandom = seeded_urandom(seed)
    os.urandom = urandom
    setattr(random, "_urandom", urandom)  # noqa: B010 - private, and where `random` keeps it
    random.seed(seed)
    numpy_random: Any = sys.modules.get("numpy.random")
    if numpy_random is not None:
        # Loaded before the fork, for all runs: its one global generator would be the same in each.
        numpy_random.seed(seed % 2**32)
