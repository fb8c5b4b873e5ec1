"""What each key of a limits entry accepts: a strict reader for each, so that no spelling slips through.

YAML reads ``no`` as a text and ``.nan`` as a number; neither may become a limit.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from osprey.control.limits.expressions import Expression, parse_expression
from osprey.control.limits.group_rate import read_group_rate
from osprey.control.limits.limit_entry import ENTRY_KEYS, Verification
from osprey.control.values import Scalar

LONGEST_SETTLE_S: Final = 600.0
"""The guard waits that long for a read-back to agree, with the channel closed to every other write."""
LONGEST_LOOK_BACK_S: Final = 366 * 86400.0
"""How far back an earlier write may still matter; the ledger is searched that far."""


def _finite(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not _is_finite(value):
        msg = f"expected a finite number, found {value!r}"
        raise ValueError(msg)
    return value


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number beyond every floating-point number
        return False


def _positive(value: Any) -> float:
    if _finite(value) <= 0:
        msg = f"expected a number above 0, found {value!r} (to forbid writes: `writable: false`)"
        raise ValueError(msg)
    return value


def _not_negative(value: Any) -> float:
    if _finite(value) < 0:
        msg = f"expected 0 or more, found {value!r}"
        raise ValueError(msg)
    return value


def _pause(value: Any) -> float:
    if _positive(value) > LONGEST_LOOK_BACK_S:
        msg = f"expected at most {LONGEST_LOOK_BACK_S:g} s, found {value!r}"
        raise ValueError(msg)
    return value


def _settle(value: Any) -> float:
    if _not_negative(value) > LONGEST_SETTLE_S:
        msg = f"expected at most {LONGEST_SETTLE_S:g} s, found {value!r}"
        raise ValueError(msg)
    return value


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value.strip():
        msg = f"expected a text, found {value!r}"
        raise ValueError(msg)
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        msg = f"expected true or false, found {value!r}"
        raise ValueError(msg)  # noqa: TRY004 - a bad file, not a bad call
    return value


def _choices(value: Any) -> tuple[Scalar, ...]:
    values = cast("list[Any]", value) if isinstance(value, list) else []
    if not values:
        msg = f"expected a list of at least one value, found {value!r}"
        raise ValueError(msg)
    return tuple(one if isinstance(one, (bool, str)) else _finite(one) for one in values)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        msg = f"expected a list of texts, found {value!r}"
        raise ValueError(msg)  # noqa: TRY004 - a bad file, not a bad call
    return tuple(_text(one) for one in cast("list[Any]", value))


def _verification(value: Any) -> Verification:
    try:
        return Verification(value)
    except ValueError as exc:
        msg = f"expected one of {', '.join(Verification)}, found {value!r}"
        raise ValueError(msg) from exc


def _expression(value: Any) -> Expression:
    return parse_expression(_text(value))


LIMIT_VALUES: Final[Mapping[str, Callable[[Any], Any]]] = {
    "min": _finite,
    "max": _finite,
    "allowed": _choices,
    "step": _positive,
    "step_origin": _finite,
    "max_step": _positive,
    "max_rate": _positive,
    "min_interval_s": _pause,
    "max_travel": _positive,
    "travel_window_s": _pause,
    "group_rate": read_group_rate,
    "readback": _text,
    "tolerance_absolute": _not_negative,
    "tolerance_percent": _not_negative,
    "settle_s": _settle,
    "verification": _verification,
    "writable": _truth,
    "fields": _texts,
    "expression": _expression,
    "note": _text,
}

assert LIMIT_VALUES.keys() == set(ENTRY_KEYS)  # noqa: S101 - a key without a reader must not be shipped
