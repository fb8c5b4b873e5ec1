"""PNG images from a run, reduced to what draws them: no text, no foreign chunks, nothing after the end."""

from __future__ import annotations

import struct
import zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEPT = frozenset({b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"pHYs", b"gAMA", b"sRGB"})
_LARGEST_SIDE = 20_000
_MOST_PIXELS = 60_000_000


class PngError(ValueError):
    """It is not a PNG image that is fit to be shown."""


def clean_png(data: bytes) -> bytes:
    """Rebuild the image from its drawing chunks.

    :raises PngError: broken, too large, or no PNG at all.
    """
    if not data.startswith(_SIGNATURE):
        msg = "it is not a PNG image"
        raise PngError(msg)
    parts = [_SIGNATURE]
    position, seen = len(_SIGNATURE), b""
    while seen != b"IEND":
        seen, body, position = _next_chunk(data, position)
        if len(parts) == 1:
            _check_header(seen, body)
        if seen in _KEPT:
            parts.append(_chunk(seen, body))
    return b"".join(parts)


def _next_chunk(data: bytes, position: int) -> tuple[bytes, bytes, int]:
    header = data[position : position + 8]
    if len(header) < 8:
        msg = "the image ends early"
        raise PngError(msg)
    length, kind = struct.unpack(">I4s", header)
    end = position + 8 + length
    if end + 4 > len(data):
        msg = "the image ends early"
        raise PngError(msg)
    body = data[position + 8 : end]
    if zlib.crc32(kind + body) != struct.unpack(">I", data[end : end + 4])[0]:
        msg = "a part of the image is damaged"
        raise PngError(msg)
    return kind, body, end + 4


def _check_header(kind: bytes, body: bytes) -> None:
    if kind != b"IHDR" or len(body) != 13:
        msg = "the image has no header"
        raise PngError(msg)
    width, height = struct.unpack(">II", body[:8])
    if not (0 < width <= _LARGEST_SIDE and 0 < height <= _LARGEST_SIDE and width * height <= _MOST_PIXELS):
        msg = f"an image of {width} x {height} pixels is too large"
        raise PngError(msg)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
