"""`step`: the grid that values must lie on, as a power supply or a stepper motor has one."""

from __future__ import annotations

from fractions import Fraction

from attrs import field, frozen

from osprey.control.comparison import rounding_of


@frozen
class Grid:
    """The values ``origin + k * step`` for whole numbers k."""

    step: float
    origin: float
    _exact: tuple[Fraction, Fraction] = field(init=False, eq=False, repr=False)

    def __attrs_post_init__(self) -> None:
        # As the file states them: 0.1 is a tenth here, not the nearest binary number.
        object.__setattr__(self, "_exact", (Fraction(repr(self.step)), Fraction(repr(self.origin))))

    def has(self, value: float) -> bool:
        """Tell whether a finite value lies on the grid, up to the rounding of floating-point numbers.

        Where the rounding of the value is no longer small beside the step, nothing lies on it: it cannot be told.
        """
        step, origin = self._exact
        slack = Fraction(rounding_of(value, self.origin))
        distance = Fraction(value) - origin
        off = abs(distance - round(distance / step) * step)
        return off <= slack and slack * 4 <= step

    def __str__(self) -> str:
        return f"{self.origin:g} and steps of {self.step:g}"
