"""The settings of the simulated ring, for its connector and for its archiver alike."""

from __future__ import annotations

import math
from pathlib import Path

from attrs import Attribute, field, frozen

DEFAULT_SEED = 1
STATE_FILE = "ring.jsonl"


def _is_noise_scale(_instance: object, attribute: Attribute[float], value: float) -> None:
    if not (math.isfinite(value) and value >= 0):
        msg = f"{attribute.name} {value!r}: give a factor of 0 (no noise) or more"
        raise ValueError(msg)


@frozen(kw_only=True)
class SimSettings:
    """`control_system.connector.sim`, `archiver.sim`, or the `settings` of a target of this connector."""

    seed: int | None = None
    """Which ring it is. None: the one that the state file was made for, else 1."""
    noise: float = field(default=1.0, validator=_is_noise_scale)
    """A factor on the noise of every reading."""
    state: Path | None = None
    """The file with the history of the setpoints; a relative path starts at the target's state folder."""

    def state_file(self, state_dir: Path) -> Path:
        """Give the place of the history for a target that keeps its state in `state_dir`."""
        if self.state is None:
            return state_dir / STATE_FILE
        return state_dir / self.state.expanduser()
