"""Constants: what follows from them without running anything, and what a text gives away."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from osprey.services.python_executor.analysis.values import Const, Glob, Value

_LONGEST: Final = 20_000
_LARGEST: Final = 1 << 64
FOLDED: Final = frozenset(
    [
        "join",
        "format",
        "replace",
        "upper",
        "lower",
        "strip",
        "lstrip",
        "rstrip",
        "title",
        "capitalize",
        "swapcase",
        "encode",
        "decode",
        "removeprefix",
        "removesuffix",
        "zfill",
        "rjust",
        "ljust",
        "center",
        "translate",
        "split",
        "casefold",
        "hex",
    ]
)
"""Methods of texts that are worked out."""

_CLUES: Final = (
    (
        re.compile(
            r"(^|/)\.env\b|\.ssh\b|id_(rsa|ed25519)|\.netrc|\.aws/|\.pgpass|/etc/shadow|credentials|(^|/)config\.ya?ml$"
        ),
        "secrets",
        False,
    ),
    (re.compile(r"(API|ACCESS|SECRET|PRIVATE)_?(KEY|TOKEN)|PASSWORD|PASSWD|_TOKEN$", re.ASCII), "secrets", False),
    (re.compile(r"^/dev/(tty|mem|kmem|port|gpio|spi|i2c|usb|comedi|vfio|uio|bus)"), "hardware", True),
    (re.compile(r"^/proc/(self|\d+)/(mem|fd|root)|^/proc/sys|^/sys/(class|kernel|bus|devices)"), "files outside", True),
    (
        re.compile(r"^(/(etc|proc|sys|root|home|var|usr|opt|boot|run|dev|mnt|srv|lib)(/|$)|~|\.\./|/$)"),
        "files outside",
        False,
    ),
    (re.compile(r"__(globals|subclasses|builtins|import|getattribute|code)__"), "hidden code", True),
    (re.compile(r"^(file|ftp|gopher|ldap|tcp|udp)://"), "network", False),
)


class ClueFinder:
    """Finds what single texts give away."""

    _quick: Final = re.compile(r"[/~]|__|\.env|id_|KEY|TOKEN|PASS|credentials|config\.")

    def find(self, text: str) -> tuple[str, str, bool] | None:
        """Give kind, sentence, and whether it hides what is done; None: nothing."""
        if len(text) > 400 or self._quick.search(text) is None:
            return None
        for pattern, kind, hides in _CLUES:
            if pattern.search(text):
                return kind, f"names {text[:60]!r}", hides
        return None


def fold_binary(operator: ast.operator, left: Const | Glob, right: Const | Glob) -> Const | Glob | None:
    """Work out an operation on two constants; None if it is not worked out."""
    if isinstance(left, Const) and isinstance(right, Const):
        result = _calculated(operator, left.value, right.value)
        return None if result is None else Const(result)
    if isinstance(operator, ast.Add):
        parts = [atom.text if isinstance(atom, Glob) else atom.value for atom in (left, right)]
        if all(isinstance(part, str) for part in parts):
            return Glob("".join(cast("list[str]", parts)))
    return None


def _calculated(operator: ast.operator, left: Any, right: Any) -> Any:
    try:
        if isinstance(operator, ast.Add) and type(left) is type(right):
            return _kept(left + right)
        if isinstance(operator, ast.Mod) and isinstance(left, str):
            return _kept(left % right)
        if isinstance(left, int) and isinstance(right, int):
            return _kept(_whole(operator, left, right))
        if isinstance(operator, ast.Mult) and isinstance(left, str | bytes) and isinstance(right, int):
            return left * right if 0 < right * len(left) < _LONGEST else None
    except (TypeError, ValueError, ArithmeticError):
        return None
    return None


def _whole(operator: ast.operator, left: int, right: int) -> int | None:
    if isinstance(operator, ast.Sub):
        return left - right
    if isinstance(operator, ast.Mult):
        return left * right
    if isinstance(operator, ast.Pow) and 0 <= right < 64 and abs(left) < _LARGEST:
        return left**right
    if isinstance(operator, ast.LShift) and 0 <= right < 64:
        return left << right
    if isinstance(operator, ast.FloorDiv):
        return left // right
    if isinstance(operator, ast.Mod):
        return left % right
    if isinstance(operator, ast.BitXor):
        return left ^ right
    return None


def _kept(result: Any) -> Any:
    if isinstance(result, str | bytes):
        return result if len(result) <= _LONGEST else None
    return result


def fold_method(text: Any, name: str, arguments: list[Any], keywords: Mapping[str, Any]) -> Any:
    """Call a method of a constant text with constant arguments; None if that fails."""
    method = getattr(text, name, None)
    if method is None:
        return None
    try:
        return _kept(cast("Callable[..., Any]", method)(*arguments, **keywords))
    except Exception:  # noqa: BLE001  the program itself would raise the same
        return None


def slice_text(text: str | bytes, piece: ast.expr) -> str | bytes | None:
    """Give a slice or item of a constant text, if the bounds are constants."""
    try:
        bounds = ast.literal_eval(piece) if not isinstance(piece, ast.Slice) else None
        if isinstance(piece, ast.Slice):
            parts = [
                None if part is None else ast.literal_eval(part) for part in (piece.lower, piece.upper, piece.step)
            ]
            return text[slice(*parts)]
        return text[bounds] if isinstance(text, str) and isinstance(bounds, int) else None
    except (ValueError, TypeError, IndexError, SyntaxError):
        return None


def exact(value: Value) -> Any:
    """Give the one constant that a value is; None if it is not one."""
    if len(value) == 1:
        (atom,) = value
        if isinstance(atom, Const):
            return atom.value
    return None
