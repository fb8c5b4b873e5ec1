"""The devices of the ring: power supplies and other things with a set value, and the instruments.

Devices are numbered around the ring, so that ``HCM03`` names one: it is the first of the two in sector 2.
"""

from __future__ import annotations

from functools import cache
from typing import Final

from attrs import field, frozen

from osprey.api import Bounds, DType
from osprey_sim.lattice import (
    CELL_LENGTH_M,
    EXIT_M,
    NOMINAL_K1,
    RF_FREQUENCY_HZ,
    SECTORS,
    indices_of,
)

UNBOUNDED: Final = Bounds()

FAMILY_WORDS: Final[dict[str, tuple[str, ...]]] = {
    "HCM": ("horizontal corrector", "horizontal steerer", "corrector magnet"),
    "VCM": ("vertical corrector", "vertical steerer", "corrector magnet"),
    "QF": ("focusing quadrupole", "quadrupole"),
    "QD": ("defocusing quadrupole", "quadrupole"),
    "QFA": ("arc quadrupole", "quadrupole"),
    "SF": ("focusing sextupole", "sextupole"),
    "SD": ("defocusing sextupole", "sextupole"),
    "RF": ("radio frequency", "cavity"),
    "INJ": ("injection", "top-up"),
    "BPM": ("beam position monitor", "orbit"),
    "DCCT": ("current transformer", "stored beam"),
    "TUNE": ("tune monitor", "betatron tune"),
    "SLM": ("synchrotron light monitor", "beam size monitor"),
    "VG": ("vacuum gauge", "vacuum"),
    "IP": ("ion pump", "vacuum"),
    "TC": ("temperature sensor", "thermocouple"),
    "BLM": ("beam loss monitor",),
}


@frozen(kw_only=True)
class Device:
    """A thing with a name and a place."""

    name: str
    family: str
    sector: int
    position_m: float


@frozen(kw_only=True)
class Supply:
    """Something that can be set, with what it does after that."""

    device: Device
    quantity: str
    words: str
    """What it is, for a description."""
    unit: str
    nominal: float
    drive: Bounds
    lag_s: float
    """The time constant of its output after a change of the set value."""
    precision: int
    noise: float = 0.0
    """Of its read-back, rms."""
    alarm: Bounds = UNBOUNDED
    warning: Bounds = UNBOUNDED
    dtype: DType = DType.FLOAT
    labels: tuple[str, ...] = field(default=())
    has_state: bool = True
    """True for a power supply, which can trip; the phase shifter of the cavity is none."""
    aliases: tuple[str, ...] = ()


KICK_RAD_PER_A: Final = {"HCM": 5.0e-5, "VCM": 6.0e-5}
QUADRUPOLE_NOMINAL_A: Final = {"QF": 120.0, "QD": 110.0, "QFA": 150.0}
K1_PER_A: Final = {name: NOMINAL_K1[name] / QUADRUPOLE_NOMINAL_A[name] for name in NOMINAL_K1}
SEXTUPOLE_NOMINAL_A: Final = {"SF": 90.0, "SD": 110.0}


def _around(family: str, elements: list[int]) -> list[Device]:
    positions = [round(float(EXIT_M[element]), 6) for element in elements]
    return [
        Device(name=f"{family}{i:02d}", family=family, sector=int(at // CELL_LENGTH_M) + 1, position_m=at)
        for i, at in enumerate(positions, start=1)
    ]


@cache
def lattice_devices(family: str) -> tuple[Device, ...]:
    """Give the devices that the lattice marks, such as all `BPM`s."""
    return tuple(_around(family, indices_of(family)))


@cache
def spread_devices(family: str) -> tuple[Device, ...]:
    """Give the instruments that do not steer the beam; sector 4 has gauges of an extra insertion device."""
    per_sector = {"VG": 2, "IP": 3, "TC": 2, "BLM": 1}[family]
    extra = {"VG": {4: 2}, "IP": {4: 1}}.get(family, {})
    found: list[Device] = []
    for sector in range(1, SECTORS + 1):
        count = per_sector + extra.get(sector, 0)
        for i in range(count):
            at = (sector - 1 + (i + 0.5) / count) * CELL_LENGTH_M
            name = f"{family}{len(found) + 1:02d}"
            found.append(Device(name=name, family=family, sector=sector, position_m=round(at, 3)))
    return tuple(found)


def single_device(family: str) -> Device:
    """Give the one device of a family that the ring has once."""
    sector, at = {
        "SF": (1, 0.0),
        "SD": (1, 0.0),
        "DCCT": (1, 1.0),
        "INJ": (1, 2.0),
        "TUNE": (3, 28.5),
        "SLM": (7, 88.9),
        "RF": (12, 154.5),
    }[family]
    return Device(name=f"{family}01", family=family, sector=sector, position_m=at)


def _corrector(device: Device) -> Supply:
    plane = "Horizontal" if device.family == "HCM" else "Vertical"
    return Supply(
        device=device,
        quantity="current",
        words=f"{plane} corrector",
        unit="A",
        nominal=0.0,
        drive=Bounds(-5.0, 5.0),
        lag_s=0.05,
        precision=4,
        noise=5e-5,
        warning=Bounds(-4.5, 4.5),
        alarm=Bounds(-4.9, 4.9),
        aliases=(f"{device.name}:SP", f"{device.name}:RB"),
    )


def _quadrupole(device: Device) -> Supply:
    nominal = QUADRUPOLE_NOMINAL_A[device.family]
    kind = {"QF": "Focusing", "QD": "Defocusing", "QFA": "Arc"}[device.family]
    return Supply(
        device=device,
        quantity="current",
        words=f"{kind} quadrupole",
        unit="A",
        nominal=nominal,
        drive=Bounds(0.8 * nominal, 1.2 * nominal),
        lag_s=0.2,
        precision=3,
        noise=5e-4,
        warning=Bounds(0.85 * nominal, 1.15 * nominal),
        alarm=Bounds(0.82 * nominal, 1.18 * nominal),
        aliases=(f"{device.name}:SP", f"{device.name}:RB"),
    )


def _sextupole(family: str) -> Supply:
    kind = {"SF": "Focusing", "SD": "Defocusing"}[family]
    return Supply(
        device=single_device(family),
        quantity="current",
        words=f"{kind} sextupole family",
        unit="A",
        nominal=SEXTUPOLE_NOMINAL_A[family],
        drive=Bounds(0.0, 160.0),
        lag_s=0.2,
        precision=3,
        noise=5e-4,
        aliases=(f"{family}:SP", f"{family}:RB"),
    )


def _rf_supplies() -> list[Supply]:
    rf = single_device("RF")
    frequency = Supply(
        device=rf,
        quantity="frequency",
        words="RF frequency",
        unit="Hz",
        nominal=round(RF_FREQUENCY_HZ, 1),
        drive=Bounds(round(RF_FREQUENCY_HZ, 1) - 5000.0, round(RF_FREQUENCY_HZ, 1) + 5000.0),
        lag_s=0.05,
        precision=1,
        noise=0.02,
        has_state=False,
    )
    voltage = Supply(
        device=rf,
        quantity="voltage",
        words="RF cavity voltage",
        unit="MV",
        nominal=1.6,
        drive=Bounds(0.0, 2.2),
        lag_s=0.2,
        precision=4,
        noise=5e-5,
        warning=Bounds(1.0, None),
        alarm=Bounds(0.6, None),
    )
    phase = Supply(
        device=rf,
        quantity="phase",
        words="RF phase",
        unit="deg",
        nominal=38.0,
        drive=Bounds(-180.0, 180.0),
        lag_s=0.1,
        precision=2,
        noise=0.002,
        has_state=False,
    )
    return [frequency, voltage, phase]


def _top_up() -> Supply:
    return Supply(
        device=single_device("INJ"),
        quantity="topup",
        words="Top-up injection",
        unit="",
        nominal=1.0,
        drive=Bounds(0.0, 1.0),
        lag_s=0.0,
        precision=0,
        dtype=DType.ENUM,
        labels=("OFF", "ON"),
        has_state=False,
    )


@cache
def all_supplies() -> tuple[Supply, ...]:
    """Give everything that can be set, in the order in which the model numbers it."""
    found = [_corrector(device) for family in KICK_RAD_PER_A for device in lattice_devices(family)]
    found += [_quadrupole(device) for family in QUADRUPOLE_NOMINAL_A for device in lattice_devices(family)]
    found += [_sextupole(family) for family in SEXTUPOLE_NOMINAL_A]
    return (*found, *_rf_supplies(), _top_up())


@cache
def supply_indices(family: str, quantity: str = "current") -> tuple[int, ...]:
    """Give the numbers of the supplies of a family."""
    return tuple(
        i for i, supply in enumerate(all_supplies()) if supply.device.family == family and supply.quantity == quantity
    )
