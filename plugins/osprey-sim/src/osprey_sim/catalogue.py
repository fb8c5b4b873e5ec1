"""The channel list: every channel with its words for a search, its limits, and where its value comes from."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import cache

from attrs import evolve, field, frozen

from osprey.api import Bounds, ChannelRecord, DType
from osprey_sim.devices import (
    FAMILY_WORDS,
    UNBOUNDED,
    Device,
    Supply,
    all_supplies,
    lattice_devices,
    single_device,
    spread_devices,
)


class Source(StrEnum):
    """The part of the model that gives a channel its value."""

    SETPOINT = "setpoint"
    READBACK = "readback"
    STATE = "state"
    BPM_X = "bpm_x"
    BPM_Y = "bpm_y"
    BPM_SUM = "bpm_sum"
    BEAM_CURRENT = "beam_current"
    LIFETIME = "lifetime"
    TUNE = "tune"
    SYNCHROTRON_TUNE = "synchrotron_tune"
    CHROMATICITY = "chromaticity"
    BEAM_SIZE = "beam_size"
    PRESSURE = "pressure"
    PUMP_CURRENT = "pump_current"
    TEMPERATURE = "temperature"
    BEAM_LOSS = "beam_loss"
    RF_POWER = "rf_power"


@frozen(kw_only=True)
class Channel:
    """One channel of the ring."""

    record: ChannelRecord
    source: Source
    index: int
    """Which one of its source: the number of the supply, the monitor, the plane ..."""
    dtype: DType = DType.FLOAT
    precision: int = 3
    noise: float = 0.0
    """White noise of a reading, rms, in the channel's unit."""
    drive: Bounds = UNBOUNDED
    warning: Bounds = UNBOUNDED
    """LOW and HIGH, severity minor."""
    alarm: Bounds = UNBOUNDED
    """LOLO and HIHI, severity major."""
    labels: tuple[str, ...] = field(default=())

    @property
    def is_writable(self) -> bool:
        return self.source is Source.SETPOINT


def _record(device: Device, tail: str, description: str, **details: object) -> ChannelRecord:
    fields: dict[str, object] = {
        "name": f"SR:S{device.sector:02d}:{device.name}:{tail}",
        "description": description,
        "device": device.name,
        "family": device.family,
        "family_words": FAMILY_WORDS[device.family],
        "sector": device.sector,
        "position_m": device.position_m,
    }
    return ChannelRecord(**{**fields, **details})  # pyright: ignore[reportArgumentType]


def _supply_channels(index: int, supply: Supply) -> Iterator[Channel]:
    device, tail = supply.device, supply.quantity.upper()
    name = f"{supply.words} {device.name}"
    shared = {"quantity": supply.quantity, "unit": supply.unit}
    readback = _record(device, f"{tail}:RB", f"{name} {supply.quantity}", **shared, aliases=supply.aliases[1:2])
    setpoint = _record(
        device,
        f"{tail}:SP",
        f"{name} {supply.quantity} setpoint",
        **shared,
        role="setpoint",
        readback=readback.name,
        aliases=supply.aliases[:1],
    )
    common = Channel(
        record=setpoint,
        source=Source.SETPOINT,
        index=index,
        drive=supply.drive,
        dtype=supply.dtype,
        labels=supply.labels,
        precision=supply.precision,
    )
    yield common
    yield evolve(
        common,
        record=readback,
        source=Source.READBACK,
        drive=UNBOUNDED,
        noise=supply.noise,
        warning=supply.warning,
        alarm=supply.alarm,
    )
    if supply.has_state:
        state = _record(device, "STATE:RB", f"{name} power supply state", quantity="state", role="status")
        yield Channel(record=state, source=Source.STATE, index=index, dtype=DType.ENUM, labels=("OFF", "ON", "FAULT"))


def _position_channels() -> Iterator[Channel]:
    for i, device in enumerate(lattice_devices("BPM")):
        for source, tail, word in ((Source.BPM_X, "X", "Horizontal"), (Source.BPM_Y, "Y", "Vertical")):
            yield Channel(
                record=_record(
                    device,
                    f"{tail}:RB",
                    f"{word} orbit position at {device.name}",
                    quantity=tail.lower(),
                    unit="mm",
                    aliases=(f"{device.name}:{tail}",),
                ),
                source=source,
                index=i,
                precision=4,
                noise=0.001,
                warning=Bounds(-3.0, 3.0),
                alarm=Bounds(-6.0, 6.0),
            )
        yield Channel(
            record=_record(device, "SUM:RB", f"Sum signal of {device.name}", quantity="sum", unit="%"),
            source=Source.BPM_SUM,
            index=i,
            precision=2,
            noise=0.05,
        )


def _beam_channels() -> Iterator[Channel]:
    dcct, tune, slm = single_device("DCCT"), single_device("TUNE"), single_device("SLM")
    yield Channel(
        record=_record(
            dcct,
            "CURRENT:RB",
            "Stored beam current",
            quantity="current",
            unit="mA",
            aliases=("BEAM_CURRENT", "DCCT"),
        ),
        source=Source.BEAM_CURRENT,
        index=0,
        noise=0.02,
        warning=Bounds(450.0, 505.0),
        alarm=Bounds(50.0, 520.0),
    )
    yield Channel(
        record=_record(dcct, "LIFETIME:RB", "Beam lifetime", quantity="lifetime", unit="h"),
        source=Source.LIFETIME,
        index=0,
        precision=2,
        noise=0.05,
        warning=Bounds(4.0, None),
    )
    for i, (tail, word) in enumerate((("X", "Horizontal"), ("Y", "Vertical"))):
        name = f"{word} betatron tune"
        yield Channel(
            record=_record(tune, f"TUNE_{tail}:RB", f"{name} (fraction)", quantity=f"tune_{tail.lower()}"),
            source=Source.TUNE,
            index=i,
            precision=5,
            noise=5e-5,
        )
        computed = _record(
            tune,
            f"CHROM_{tail}:RB",
            f"{word} chromaticity",
            quantity=f"chromaticity_{tail.lower()}",
            role="computed",
        )
        yield Channel(record=computed, source=Source.CHROMATICITY, index=i)
        size = _record(slm, f"SIGMA_{tail}:RB", f"{word} beam size", quantity=f"sigma_{tail.lower()}", unit="um")
        yield Channel(record=size, source=Source.BEAM_SIZE, index=i, precision=2, noise=0.1)
    synchrotron = _record(tune, "SYNCHROTRON:RB", "Synchrotron frequency", quantity="frequency", unit="kHz")
    yield Channel(record=synchrotron, source=Source.SYNCHROTRON_TUNE, index=0, noise=0.005)


_INSTRUMENTS = (
    ("VG", "PRESSURE", "Vacuum pressure at gauge", "mbar", Source.PRESSURE, 5e-9, 2e-8),
    ("IP", "CURRENT", "Ion pump current, vacuum, pump", "uA", Source.PUMP_CURRENT, 300.0, 1000.0),
    ("TC", "TEMPERATURE", "Cooling water temperature at", "degC", Source.TEMPERATURE, 35.0, 40.0),
    ("BLM", "LOSS", "Beam loss rate at", "1/s", Source.BEAM_LOSS, 500.0, 5000.0),
)


def _instrument_channels() -> Iterator[Channel]:
    for family, tail, words, unit, source, high, hihi in _INSTRUMENTS:
        for i, device in enumerate(spread_devices(family)):
            yield Channel(
                record=_record(device, f"{tail}:RB", f"{words} {device.name}", quantity=tail.lower(), unit=unit),
                source=source,
                index=i,
                precision=12 if source is Source.PRESSURE else 2,
                noise=0.02 if source is Source.TEMPERATURE else 0.0,
                warning=Bounds(None, high),
                alarm=Bounds(None, hihi),
            )
    rf = single_device("RF")
    for i, word in enumerate(("Forward", "Reflected")):
        record = _record(rf, f"{word.upper()}_POWER:RB", f"RF {word.lower()} power", quantity="power", unit="kW")
        yield Channel(record=record, source=Source.RF_POWER, index=i, noise=0.05)


class Catalogue:
    """All channels, found by name, by alias, or by words."""

    def __init__(self, channels: tuple[Channel, ...]) -> None:
        self.channels = channels
        self._numbers = {channel.record.name: i for i, channel in enumerate(channels)}
        aliases = {alias: i for i, channel in enumerate(channels) for alias in channel.record.aliases}
        self._numbers.update(aliases)
        self._texts = [_searchable(channel.record) for channel in channels]

    def number(self, name: str) -> int | None:
        """Give the number of a channel by its name or an alias."""
        return self._numbers.get(name)

    def closest(self, name: str, limit: int = 3) -> list[str]:
        """Give the names most like one that does not exist."""
        return difflib.get_close_matches(name.upper(), self._numbers, n=limit, cutoff=0.6)

    def search(self, pattern: str, limit: int) -> list[ChannelRecord]:
        """Give the channels that contain every word, or match a `*` pattern; all for an empty one."""
        words = [re.escape(word) for word in pattern.lower().split()]
        if "*" in pattern or "?" in pattern:
            hits = (c.record for c in self.channels if fnmatchcase(c.record.name, pattern.upper()))
        else:
            # A plural finds its singular: "vacuum gauges", "correctors".
            tests = [re.compile(rf"\b{word[:-1] + '?' if word.endswith('s') else word}") for word in words]
            hits = (
                channel.record
                for channel, text in zip(self.channels, self._texts, strict=True)
                if all(test.search(text) for test in tests)
            )
        return [record for _, record in zip(range(limit), hits, strict=False)]


def _searchable(record: ChannelRecord) -> str:
    parts = [record.name, record.description, record.device, record.quantity, record.unit, record.role]
    return " ".join([*parts, *record.family_words, *record.aliases, f"sector {record.sector}"]).lower()


@cache
def ring_catalogue() -> Catalogue:
    """Build the channel list; it is the same for every seed."""
    supplies = [c for i, supply in enumerate(all_supplies()) for c in _supply_channels(i, supply)]
    return Catalogue((*supplies, *_position_channels(), *_beam_channels(), *_instrument_channels()))
