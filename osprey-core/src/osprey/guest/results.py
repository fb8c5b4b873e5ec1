"""Results as strict JSON. The encoding, which is part of the documentation:

- None, truth values, numbers and texts stay; NaN and infinities become null, with a warning that names them.
- NumPy scalars become numbers, arrays become nested lists; a complex number becomes {"real", "imag"}.
- Tuples become lists, sets become sorted lists; keys become texts; dates become ISO 8601 texts.
- Everything else is an error that names the path and the type.
"""

from __future__ import annotations

import math
from typing import Any

_DEEPEST = 50
_MOST_NODES = 500_000
_WARNINGS_SHOWN = 5


class ResultsError(TypeError):
    """Something in `results` has no encoding."""


class _Encoder:
    def __init__(self) -> None:
        self.not_finite: list[str] = []
        self._nodes = 0

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
        if hasattr(value, "isoformat"):
            return str(value.isoformat())
        msg = f"{path} is a {type(value).__name__}, which has no encoding: convert it to numbers, texts or lists"
        raise ResultsError(msg)

    def _numpy(self, value: Any, path: str, depth: int) -> Any:
        if getattr(value, "size", 1) > _MOST_NODES:
            msg = f"{path} is an array of {value.size} values, more than {_MOST_NODES}: reduce it first"
            raise ResultsError(msg)
        if value.dtype.kind in "mM":
            return self.encode(value.astype(str).tolist(), path, depth + 1)
        return self.encode(value.tolist(), path, depth + 1)


def encode_results(value: Any) -> tuple[Any, list[str]]:
    """Encode what the program left in `results`.

    :returns: JSON without NaN, and warnings.
    :raises ResultsError: something has no encoding; the message names its path and type.
    """
    encoder = _Encoder()
    encoded = encoder.encode(value, "results")
    warnings: list[str] = []
    if encoder.not_finite:
        shown = ", ".join(encoder.not_finite[:_WARNINGS_SHOWN])
        more = len(encoder.not_finite) - _WARNINGS_SHOWN
        rest = f" and {more} more" if more > 0 else ""
        warnings.append(f"not a finite number, recorded as null: {shown}{rest}")
    return encoded, warnings
