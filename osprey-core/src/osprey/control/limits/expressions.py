"""The small language of a limit's `expression`: numbers, channels and comparisons, nothing else.

``value`` is what would be written, ``current`` what the channel reads now, ``ch("NAME")`` another channel.
There are ``+ - * / %``, comparisons, ``and or not``, ``abs min max``, numbers, ``True`` and ``False``. The
text is parsed by Python's own parser and every node is checked when the limits are loaded; it is never
compiled or executed as Python.
"""

from __future__ import annotations

import ast
import math
import operator
from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import field, frozen

from osprey.errors import ConfigError

_MOST_CHARACTERS: Final = 500
_MOST_NODES: Final = 200
_ARITHMETIC: Final[Mapping[type, Callable[[float, float], float]]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.Mod: lambda a, b: a % b,
}
_COMPARISONS: Final[Mapping[type, Callable[[Any, Any], bool]]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_FUNCTIONS: Final[Mapping[str, Callable[..., Any]]] = {"abs": abs, "min": min, "max": max}


@frozen
class Expression:
    """A checked condition on a write."""

    text: str
    channels: frozenset[str]
    """The other channels it reads."""
    _body: ast.expr = field(eq=False, repr=False)

    def holds(self, *, value: float, current: float | None, channels: Mapping[str, float]) -> bool:
        """Tell whether the condition is true of these numbers.

        :raises ArithmeticError, LookupError, TypeError, ValueError: it cannot be judged, so it does not hold.
        """
        names = {"value": value} if current is None else {"value": value, "current": current}
        result = _evaluate(self._body, names, channels)
        if not isinstance(result, bool):
            msg = f"{self.text!r} gives {result!r}, neither true nor false"
            raise TypeError(msg)
        return result


def parse_expression(text: str) -> Expression:
    """Check a condition.

    :raises ConfigError: it uses anything beyond the language of this module.
    """
    if len(text) > _MOST_CHARACTERS:
        msg = f"expression of {len(text)} characters: at most {_MOST_CHARACTERS} are allowed"
        raise ConfigError(msg)
    try:
        body = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as exc:
        msg = f"expression {text!r} cannot be parsed: {exc}"
        raise ConfigError(msg) from exc
    channels: set[str] = set()
    budget = [_MOST_NODES]
    _check(body, text, channels, budget)
    if not _is_condition(body):
        msg = f"expression {text!r} is not a condition: end it in a comparison, such as 'value < 10'"
        raise ConfigError(msg)
    return Expression(text, frozenset(channels), body)


def _check(node: ast.expr, text: str, channels: set[str], budget: list[int]) -> None:
    budget[0] -= 1
    if budget[0] < 0:
        msg = f"expression {text!r} has more than {_MOST_NODES} parts: split it into several entries"
        raise ConfigError(msg)
    for part in _parts_of(node, text, channels):
        _check(part, text, channels, budget)


def _parts_of(node: ast.expr, text: str, channels: set[str]) -> list[ast.expr]:
    """Give the operands of a node of the language; refuse every other node."""
    match node:
        case ast.Constant(value=bool() | int() | float()):
            return []
        case ast.Name(id="value" | "current"):
            return []
        case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Not(), operand=operand):
            return [operand]
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
            return [left, right]
        case ast.BoolOp(values=values):
            return values
        case ast.Compare(left=left, ops=ops, comparators=others) if all(type(op) in _COMPARISONS for op in ops):
            return [left, *others]
        case ast.Call(func=ast.Name(id="ch"), args=[ast.Constant(value=str(name))], keywords=[]) if name:
            channels.add(name)
            return []
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]) if _is_call(name, args):
            return args
        case _:
            msg = (
                f"expression {text!r}: {ast.unparse(node)!r} is not allowed; use value, current, "
                'ch("NAME"), numbers, + - * / %, comparisons, and, or, not, abs, min, max'
            )
            raise ConfigError(msg)


def _is_call(name: str, args: list[ast.expr]) -> bool:
    if any(isinstance(arg, ast.Starred) for arg in args):
        return False
    return len(args) == 1 if name == "abs" else name in _FUNCTIONS and len(args) >= 2


def _is_condition(node: ast.expr) -> bool:
    match node:
        case ast.Compare() | ast.Constant(value=bool()):
            return True
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return _is_condition(operand)
        case ast.BoolOp(values=values):
            return all(_is_condition(value) for value in values)
        case _:
            return False


def _evaluate(node: ast.expr, names: Mapping[str, float], channels: Mapping[str, float]) -> Any:
    def inner(part: ast.expr) -> Any:
        return _evaluate(part, names, channels)

    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return _number(names[name])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not inner(operand)
        case ast.UnaryOp(op=op, operand=operand):
            return -inner(operand) if isinstance(op, ast.USub) else inner(operand)
        case ast.BinOp(left=left, op=op, right=right):
            return _number(_ARITHMETIC[type(op)](inner(left), inner(right)))
        case ast.BoolOp(op=ast.And(), values=values):
            return all(inner(value) for value in values)
        case ast.BoolOp(values=values):
            return any(inner(value) for value in values)
        case ast.Compare(left=left, ops=ops, comparators=others):
            sides = [inner(left), *map(inner, others)]
            return all(_COMPARISONS[type(op)](a, b) for op, a, b in zip(ops, sides, sides[1:], strict=False))
        case ast.Call(func=ast.Name(id="ch"), args=[ast.Constant(value=str(name))]):
            return _number(channels[name])
        case ast.Call(func=ast.Name(id=name), args=args):
            return _FUNCTIONS[name](*map(inner, args))
        case _:  # pragma: no cover - parse_expression admits nothing else
            msg = f"{ast.dump(node)} is not part of the language"
            raise TypeError(msg)


def _number(value: float) -> float:
    """Refuse NaN and infinity: every comparison with them would be decided by accident."""
    if not math.isfinite(value):
        msg = f"{value} takes part in it"
        raise ValueError(msg)
    return value
