"""What an archiver connector of the seeds' kind is, and what it says of a channel."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from pandas import DataFrame


@frozen
class ArchiverMetadata:
    """What an archive says of a channel; what it does not tell is None."""

    pv_name: str
    is_archived: bool
    archival_start: datetime | None = None
    archival_end: datetime | None = None
    sampling_period: float | None = None
    """In seconds; None for an archive on change."""
    description: str | None = None


class ArchiverConnector(ABC):
    """Gives past values as tables."""

    @abstractmethod
    async def connect(self, config: Mapping[str, Any]) -> None:
        """Open it with the settings of its section."""

    @abstractmethod
    async def disconnect(self) -> None:
        """Close it; may be called twice."""

    @abstractmethod
    async def get_data(
        self,
        pv_list: Sequence[str],
        start_date: datetime,
        end_date: datetime,
        precision_ms: int = 1000,
        timeout: float | None = None,
    ) -> DataFrame:
        """Give past values: a column a channel, rows by time."""

    @abstractmethod
    async def get_metadata(self, pv_name: str) -> ArchiverMetadata:
        """Say what the archive knows of a channel."""

    @abstractmethod
    async def check_availability(self, pv_names: Sequence[str]) -> dict[str, bool]:
        """Say which channels are archived."""
