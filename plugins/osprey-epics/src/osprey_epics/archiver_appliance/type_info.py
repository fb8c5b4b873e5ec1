"""What the management side says of a channel: is it archived, how, and what is it."""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import Any, Final

import anyio
from attrs import frozen

from osprey.api import ErrorKind
from osprey_epics.archiver_appliance.json_format import load
from osprey_epics.archiver_appliance.server import AnswerError, Server

_KEPT_S: Final = 300.0
"""A channel's type and unit seldom change; that it is paused is asked anew each time."""
_MOST_KEPT: Final = 20_000


@frozen(kw_only=True)
class TypeInfo:
    """How a channel is archived."""

    unit: str = ""
    is_waveform: bool = False
    elements: int = 1
    is_label: bool = False
    """True for texts and enumerations: a mean of them is nothing."""
    period_s: float | None = None
    is_scanned: bool = False
    """True if a sample is taken each period, whether the value changes or not."""
    is_paused: bool = False

    @property
    def step_ns(self) -> int | None:
        """The time between two samples, where they come at a period."""
        return int(self.period_s * 1e9) if self.is_scanned and self.period_s else None


class TypeInfos:
    """Asks for type information, and remembers it for some minutes."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._kept: OrderedDict[str, tuple[float, TypeInfo]] = OrderedDict()

    async def get(self, channel: str) -> TypeInfo | None:
        """Give it; None if the channel is not archived.

        :raises AnswerError: the management side does not answer.
        """
        kept = self._kept.get(channel)
        if kept is not None and anyio.current_time() - kept[0] < _KEPT_S:
            return kept[1]
        return await self.ask(channel)

    async def ask(self, channel: str) -> TypeInfo | None:
        """Give it afresh; None if the channel is not archived.

        :raises AnswerError: the management side does not answer.
        """
        try:
            body = await self._server.manage("bpl/getPVTypeInfo", {"pv": channel})
        except AnswerError as exc:
            if exc.kind is not ErrorKind.NOT_FOUND:
                raise
            self._kept.pop(channel, None)
            return None
        info = parse_type_info(body)
        self._kept[channel] = (anyio.current_time(), info)
        while len(self._kept) > _MOST_KEPT:
            self._kept.popitem(last=False)
        return info


def parse_type_info(body: bytes) -> TypeInfo:
    """Read an answer of ``getPVTypeInfo``; the Appliance writes every number and truth value as a text.

    :raises AnswerError: it is none.
    """
    facts = _table(body, "getPVTypeInfo")
    kind = str(facts.get("DBRType", ""))
    period_s = _positive(facts.get("samplingPeriod"))
    return TypeInfo(
        unit=str(facts.get("units") or ""),
        is_waveform=kind.startswith("DBR_WAVEFORM") or str(facts.get("scalar", "true")).lower() == "false",
        elements=int(_positive(facts.get("elementCount")) or 1),
        is_label=kind in ("DBR_SCALAR_STRING", "DBR_SCALAR_ENUM"),
        period_s=period_s,
        is_scanned=str(facts.get("samplingMethod", "")).upper() == "SCAN",
        is_paused=str(facts.get("paused", "false")).lower() == "true",
    )


def parse_status(body: bytes) -> str:
    """Give the word of an answer of ``getPVStatus`` about one channel.

    :raises AnswerError: it is none.
    """
    return str(_table(body, "getPVStatus").get("status", ""))


def parse_names(body: bytes) -> list[str]:
    """Read an answer of ``getMatchingPVs``.

    :raises AnswerError: it is none.
    """
    names = _loaded(body, "getMatchingPVs")
    if not isinstance(names, list):
        raise _unexpected("getMatchingPVs", body)
    return list(dict.fromkeys(map(str, names)))


def _table(body: bytes, call: str) -> dict[str, Any]:
    found = _loaded(body, call)
    if isinstance(found, list) and len(found) == 1:
        found = found[0]
    if not isinstance(found, dict):
        raise _unexpected(call, body)
    return found


def _loaded(body: bytes, call: str) -> Any:
    try:
        return load(body)
    except ValueError as exc:
        raise _unexpected(call, body) from exc


def _unexpected(call: str, body: bytes) -> AnswerError:
    return AnswerError(ErrorKind.INVALID_DATA, f"the archiver's answer is not what {call} gives", raw=repr(body[:80]))


def _positive(text: Any) -> float | None:
    try:
        number = float(text)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) and number > 0 else None
