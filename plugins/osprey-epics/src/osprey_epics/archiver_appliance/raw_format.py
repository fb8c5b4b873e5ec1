"""Answers of ``getData.raw``: protocol-buffer lines, decoded by aaclient's own C++; an extra."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from attrs import evolve

from osprey.api import ConfigError, ErrorKind
from osprey_epics.archiver_appliance.samples import (
    Samples,
    means_of,
    severities_of,
    times_of,
    waveform,
)
from osprey_epics.archiver_appliance.server import AnswerError

_REMEDY = "ask for one of its elements as a channel of its own"
_DECODABLE = frozenset({2, 5, 6, 13})
"""The types float, int, double, waveform of double. aaclient 0.0.5 writes four bytes for each two-byte sample (short,
enum), past the end of its array, which ends the process; and it cuts texts at 40 bytes."""
_DISCONNECTED = 3904


class UndecodableError(Exception):
    """The decoder cannot be trusted with samples of this type."""


def require_decoder() -> None:
    """See that the decoder can be imported.

    :raises ConfigError: it is not installed.
    """
    try:
        import aaclient._ext  # noqa: F401
    except ImportError as exc:
        msg = "format: raw needs aaclient, which is not installed: pip install 'osprey-epics[raw]', or set format: json"
        raise ConfigError(msg) from exc


def parse_raw(body: bytes) -> Samples:
    """Make columns of an answer about one channel.

    :raises AnswerError: it is no such answer, or the channel is a waveform.
    :raises UndecodableError: its samples are of a type that has to be asked for as JSON.
    """
    from aaclient._ext import StreamDecoder, decode_PayloadInfo

    if not body.strip():
        return Samples()
    decoder = StreamDecoder(threshold=1 << 30, consolidate=True)
    try:
        headers = [decode_PayloadInfo(line) for line in _header_lines(body)]
        _require_decodable(header["type"] for header in headers)
        unit = dict(headers[0].get("headers", ())).get(b"EGU", b"").decode("utf-8", "replace")
        decoder.process(body, last=True)
        chunks: list[tuple[Any, Any]] = [(values, meta) for values, meta in decoder.output if len(meta)]
    except UndecodableError:
        raise
    except Exception as exc:
        message = f"the archiver's answer is not what getData.raw gives ({type(exc).__name__}: {exc})"
        raise AnswerError(ErrorKind.INVALID_DATA, message, raw=repr(body[:80])) from exc
    return evolve(_joined(chunks), unit=unit)


def _require_decodable(types: Iterable[int]) -> None:
    if not _DECODABLE.issuperset(types):
        raise UndecodableError


def _joined(chunks: list[tuple[Any, Any]]) -> Samples:
    chunks = [(values[real], meta[real]) for values, meta in chunks for real in [~_is_inserted(meta)]]
    if not any(len(meta) for _, meta in chunks):
        return Samples()
    meta = np.concatenate([part for _, part in chunks])
    values, counted = _values([part for part, _ in chunks])
    return Samples(
        times_ns=times_of(meta["sec"], meta["ns"]),
        values=values,
        severities=severities_of(meta["severity"]),
        counted=counted,
    )


def _is_inserted(meta: Any) -> Any:
    """Say which samples the decoder itself put in: one of no value, wherever the archiver was not connected."""
    return (meta["severity"] == _DISCONNECTED) & (meta["ns"] == 0) & (meta["status"] == 0)


def _values(chunks: list[Any]) -> tuple[Any, int | None]:
    widths = {chunk.shape[1] if chunk.ndim == 2 else 1 for chunk in chunks}
    if len(widths) != 1:
        raise waveform(0, _REMEDY)
    table = np.concatenate(chunks).astype(np.float64)
    if widths == {1}:
        return table.reshape(-1), None
    return means_of(table, _REMEDY)


def _header_lines(body: bytes) -> list[bytes]:
    """Give the headers, unescaped: the first line, and each line after an empty one."""
    from aaclient._ext import split

    blocks = [block.lstrip(b"\n") for block in body.split(b"\n\n")]
    lines = b"".join(block.partition(b"\n")[0] + b"\n" for block in blocks if block)
    return split(lines)[0]
