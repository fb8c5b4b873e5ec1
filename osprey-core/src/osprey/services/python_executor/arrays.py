"""Large arrays that a run left: taken over piece by piece, and written as ``.npy`` files without NumPy."""

from __future__ import annotations

import base64
import binascii
import math
import struct
from pathlib import Path
from typing import Final

from attrs import define, field

from osprey.services.python_executor.schema import ARRAY_TYPES
from osprey.services.python_executor.values import ARRAYS

_MAGIC: Final = b"\x93NUMPY\x01\x00"
_ALIGNED: Final = 64


class ArrayError(Exception):
    """The guest sent something else than it said."""


@define
class ArrayIntake:
    """The arrays of one run."""

    most_bytes: int
    files: dict[str, bytes] = field(factory=dict[str, bytes])
    """Complete ones, by their names in the run's folder."""
    _header: bytes = b""
    _missing: int = 0
    _data: bytearray = field(factory=bytearray)
    _total: int = 0

    def begin(self, dtype: str, shape: list[int]) -> str:
        """Take the form of an array and name its file.

        :raises ArrayError: one is under way, or it is more than a run may leave.
        """
        self._require_complete()
        size = math.prod(shape) * ARRAY_TYPES[dtype]
        self._total += size
        if self._total > self.most_bytes:
            msg = f"arrays of more than {self.most_bytes >> 20} MiB: reduce them first (mean, every n-th)"
            raise ArrayError(msg)
        self._header, self._missing, self._data = _header(dtype, shape), size, bytearray()
        name = f"{ARRAYS}/array_{len(self.files) + 1:02}.npy"
        self.files[name] = b""
        self._finish()
        return name

    def add(self, encoded: str) -> None:
        """Take a piece of the array that is under way.

        :raises ArrayError: there is none, or the piece is too long.
        """
        try:
            piece = base64.b64decode(encoded, validate=True)
        except binascii.Error as exc:
            msg = "a piece of an array that is no base64"
            raise ArrayError(msg) from exc
        self._missing -= len(piece)
        if self._missing < 0 or not piece:
            msg = "a piece of an array that is longer than it said, or empty"
            raise ArrayError(msg)
        self._data += piece
        self._finish()

    def _finish(self) -> None:
        if self._missing == 0 and self.files:
            self.files[next(reversed(self.files))] = self._header + bytes(self._data)
            self._data = bytearray()

    def _require_complete(self) -> None:
        if self._missing:
            msg = "an array begins before the one before it has ended"
            raise ArrayError(msg)


def _header(dtype: str, shape: list[int]) -> bytes:
    """Give the head of a file as NumPy's format 1.0 has it."""
    sizes = "".join(f"{size}, " for size in shape)
    text = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({sizes}), }}"
    room = -(len(_MAGIC) + 2 + len(text) + 1) % _ALIGNED
    padded = f"{text}{' ' * room}\n".encode("latin1")
    return _MAGIC + struct.pack("<H", len(padded)) + padded


def write_arrays(folder: Path, files: dict[str, bytes]) -> None:
    """Put the arrays of a run into its folder, in place of those of an earlier pass."""
    from osprey.services.python_executor.record import write_private

    place = folder / ARRAYS
    if not files and not place.is_dir():
        return
    place.mkdir(mode=0o700, exist_ok=True)
    for old in place.glob("array_*.npy"):
        old.unlink()
    for name, data in files.items():
        write_private(folder / name, data)
