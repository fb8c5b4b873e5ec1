"""The machine at many times at once: the quantities that several instruments share."""

from __future__ import annotations

from functools import cached_property
from typing import Final

import numpy as np

from osprey_sim.machine import Machine
from osprey_sim.noise import Floats, Ints
from osprey_sim.orbit import LinearModel
from osprey_sim.tracks import stack_values

TICK_NS: Final = 100_000_000
"""Instruments measure ten times a second; a read gives the latest measurement."""
BEAM_PRESENT_MA: Final = 1.0


class View:
    """The machine at `times_ns`; what is not asked for is not computed."""

    def __init__(self, machine: Machine, times_ns: Ints, noise: float) -> None:
        self.machine = machine
        self.times_ns = times_ns
        self.ticks = times_ns // TICK_NS
        self.ticked_ns = self.ticks * TICK_NS
        self.seconds = self.ticked_ns / 1e9
        self.noise = noise

    @cached_property
    def outputs(self) -> Floats:
        """(times, supplies) in each supply's unit."""
        return stack_values(self.machine.outputs, self.ticked_ns)

    @cached_property
    def _models(self) -> tuple[list[LinearModel], np.ndarray]:
        return self.machine.orbit_model.models(self.outputs)

    @property
    def models(self) -> list[LinearModel]:
        """The states of the optics that occur."""
        return self._models[0]

    @property
    def model_numbers(self) -> np.ndarray:
        """Which of `models` holds at each time."""
        return self._models[1]

    @cached_property
    def orbits_mm(self) -> Floats:
        """(times, planes, monitors)."""
        return self.machine.orbit_model.orbits_mm(self.outputs, *self._models)

    @cached_property
    def current_ma(self) -> Floats:
        """(times)."""
        return self.machine.beam.values(self.ticked_ns)

    @cached_property
    def has_beam(self) -> np.ndarray:
        """(times): whether instruments that look at the beam see any, and its orbit is defined."""
        stable = np.array([model.is_stable for model in self.models])[self.model_numbers]
        return (self.current_ma > BEAM_PRESENT_MA) & stable
