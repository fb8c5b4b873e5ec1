"""The `simulation` section of the configuration: what `osprey generate soft-ioc` does unless options say more."""

from __future__ import annotations

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from attrs import Attribute, field, frozen


class BaseType(StrEnum):
    """What moves the channels, below any overlay."""

    MOCK_STYLE = "mock_style"
    """Read-backs follow their set points with a lag; what is measured has noise."""
    PASSTHROUGH = "passthrough"
    """What is written stays; a paired read-back shows it at once."""


def _is_port(instance: object, attribute: Attribute[int], value: int) -> None:
    # Below this libca takes its default port instead, and so another IOC than the one that was meant.
    if value and not 5001 <= value <= 65535:
        msg = f"{attribute.name} {value}: Channel Access takes a port between 5001 and 65535, or 0 for any free one"
        raise ValueError(msg)


def _is_rate(instance: object, attribute: Attribute[float], value: float) -> None:
    if not 0 < value <= 1000:
        msg = f"{attribute.name} {value}: more than 0 and at most 1000 Hz"
        raise ValueError(msg)


def _is_share(instance: object, attribute: Attribute[float], value: float) -> None:
    if not 0 <= value < math.inf:
        msg = f"{attribute.name} {value}: a finite number, 0 or more"
        raise ValueError(msg)


@frozen(kw_only=True)
class IocSettings:
    """The program that is written."""

    name: str = "soft-ioc"
    """What the files are called."""
    port: int = field(default=5064, validator=_is_port)
    """Where it serves Channel Access unless `--port` says otherwise."""
    output_dir: str = "generated_iocs"
    """Where it is written, from the project's folder."""


@frozen(kw_only=True)
class BackendSettings:
    """What moves the channels."""

    type: BaseType = BaseType.MOCK_STYLE
    """`mock_style` or `passthrough`."""
    noise_level: float = field(default=0.01, validator=_is_share)
    """Of `mock_style`: the standard deviation of what is measured, as a share of its value."""
    update_rate: float = field(default=10.0, validator=_is_rate)
    """Steps a second."""


@frozen(kw_only=True)
class OverlaySettings:
    """A backend of the facility's own, laid over the base; the generated IOC imports it, Osprey never does."""

    class_name: str
    """A class with `initialize`, `on_write` and `step`."""
    file_path: str | None = None
    """The Python file it stands in, from the project's folder."""
    module_path: str | None = None
    """Or the installed module it stands in."""
    params: Mapping[str, Any] = field(factory=dict[str, Any])
    """Arguments of the class."""

    def __attrs_post_init__(self) -> None:
        if bool(self.file_path) == bool(self.module_path):
            msg = f"overlay {self.class_name}: give file_path or module_path, and one of them only"
            raise ValueError(msg)


@frozen(kw_only=True)
class SimulationSettings:
    """The whole section."""

    channel_database: str | None = None
    """The channel list, in any form that Osprey reads; without it that of the default target."""
    ioc: IocSettings = field(factory=IocSettings)
    """The program that is written."""
    base: BackendSettings = field(factory=BackendSettings)
    """What moves the channels."""
    overlays: tuple[OverlaySettings, ...] = ()
    """Backends of the facility, laid over the base in this order; the last one is asked first about a write. Each has
    `class_name`, `file_path` or `module_path`, and `params`."""
    pairings: Mapping[str, str] = field(factory=dict[str, str])
    """Set point to read-back, before what the list says."""
