"""What an archiver is tested against: a running archive, and what is known to be in it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from pathlib import Path
from typing import ClassVar

from osprey.control import Archiver


class ArchiverPeer(ABC):
    """An archive on this computer, with samples of at least one channel."""

    archived: ClassVar[str]
    """A channel of numbers with samples in `span_ns`."""
    missing: ClassVar[str]
    """A name that could be archived, and is not."""
    pattern: ClassVar[str] = ""
    """A glob that matches `archived`; empty if the archive cannot list its channels."""
    unit: ClassVar[str] = ""
    """Of `archived`, if the archive knows it."""
    deadline_s: ClassVar[float] = 20.0
    """A deadline that it keeps on a busy computer."""

    folder: Path
    """Its own; set before `start`."""

    @abstractmethod
    def start(self) -> None:
        """Start it and block until it serves."""

    @abstractmethod
    def stop(self) -> None:
        """End it."""

    @abstractmethod
    async def connect(self, folder: Path) -> Archiver:
        """Open a new archiver to it, with `folder` as its `state_dir`."""

    @abstractmethod
    def span_ns(self) -> tuple[int, int]:
        """Give start and end of a span in which `archived` has 20 samples or more, at different times."""
