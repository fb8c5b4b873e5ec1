"""Results as strict JSON. The encoding, which is part of the documentation:

- None, truth values, numbers and texts stay; NaN and infinities become null, with a warning that names them.
- NumPy scalars become numbers, arrays become nested lists; a complex number becomes {"real", "imag"}.
- A large array of numbers goes to the parent as it is and becomes a file of the run; its place is taken by
  {"__osprey__": "ndarray", "file", "dtype", "shape"}.
- DataFrames and Series of pandas become mappings with the key "__osprey__": see `tables`.
- Tuples become lists, sets become sorted lists; keys become texts; dates become ISO 8601 texts.
- Everything else is an error that names the path and the type.
"""

from __future__ import annotations

import math
from typing import Any, Callable

from .tables import TAG, TableError, encode_table, is_table

_DEEPEST = 50
_MOST_NODES = 500_000
_WARNINGS_SHOWN = 5
LARGE_ARRAY = 100_000
"""Elements; a larger array of numbers does not become a list."""

Store = Callable[[Any], str]
"""Sends an array to the parent and gives the name of its file."""


class ResultsError(TypeError):
    """Something in `results` has no encoding."""


class _Encoder:
    def __init__(self, store: Store | None) -> None:
        self.not_finite: list[str] = []
        self._nodes = 0
        self._store = store

    def encode(self, value: Any, path: str, depth: int = 0) -> Any:
        self._nodes += 1
        if self._nodes > _MOST_NODES:
            msg = f"results holds more than {_MOST_NODES} values: reduce it (mean, histogram, every n-th)"
            raise ResultsError(msg)
        if depth > _DEEPEST:
            msg = f"{path} is nested deeper than {_DEEPEST} levels, or contains itself"
            raise ResultsError(msg)
        if value is None or isinstance(value, (bool, str)):
            return value if value is None or isinstance(value, bool) else str(value)
        if isinstance(value, int):
            return int(value)
        if isinstance(value, float):
            return self._number(float(value), path)
        return self._container(value, path, depth)

    def _number(self, value: float, path: str) -> float | None:
        if math.isfinite(value):
            return value
        self.not_finite.append(path)
        return None

    def _container(self, value: Any, path: str, depth: int) -> Any:
        if isinstance(value, dict):
            return {str(key): self.encode(item, f"{path}[{key!r}]", depth + 1) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.encode(item, f"{path}[{n}]", depth + 1) for n, item in enumerate(value)]
        if isinstance(value, (set, frozenset)):
            ordered = sorted(value, key=lambda item: (type(item).__name__, str(item)))
            return self.encode(ordered, path, depth + 1)
        if isinstance(value, complex):
            return {"real": self._number(value.real, path), "imag": self._number(value.imag, path)}
        if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
            return self._numpy(value, path, depth)
        if is_table(value):
            return self._table(value, path, depth)
        if hasattr(value, "isoformat"):
            return str(value.isoformat())
        msg = f"{path} is a {type(value).__name__}, which has no encoding: convert it to numbers, texts or lists"
        raise ResultsError(msg)

    def _table(self, value: Any, path: str, depth: int) -> Any:
        self._nodes += int(value.size)
        try:
            return encode_table(value, lambda cell: self.encode(cell, path, depth + 1))
        except TableError as exc:
            raise ResultsError(f"{path}: {exc}") from exc

    def _numpy(self, value: Any, path: str, depth: int) -> Any:
        if self._store is not None and getattr(value, "size", 1) > LARGE_ARRAY and value.dtype.kind in "biuf":
            shape, dtype = list(value.shape), value.dtype.newbyteorder("<").str
            return {TAG: "ndarray", "file": self._store(value), "dtype": dtype, "shape": shape}
        if getattr(value, "size", 1) > _MOST_NODES:
            msg = f"{path} is an array of {value.size} values, more than {_MOST_NODES}: reduce it first"
            raise ResultsError(msg)
        if value.dtype.kind in "mM":
            return self.encode(value.astype(str).tolist(), path, depth + 1)
        return self.encode(value.tolist(), path, depth + 1)


def encode_results(value: Any, store: Store | None = None) -> tuple[Any, list[str]]:
    """Encode what the program left in `results`.

    :param store: sends a large array to the parent; None: every array becomes a list.
    :returns: JSON without NaN, and warnings.
    :raises ResultsError: something has no encoding; the message names its path and type.
    """
    encoder = _Encoder(store)
    encoded = encoder.encode(value, "results")
    warnings: list[str] = []
    if encoder.not_finite:
        shown = ", ".join(encoder.not_finite[:_WARNINGS_SHOWN])
        more = len(encoder.not_finite) - _WARNINGS_SHOWN
        rest = f" and {more} more" if more > 0 else ""
        warnings.append(f"not a finite number, recorded as null: {shown}{rest}")
    return encoded, warnings
