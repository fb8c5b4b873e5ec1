"""The small language of a limit's `expression`: numbers, channels and comparisons, nothing else.

``value`` is what would be written, ``current`` what the channel reads now, ``ch("NAME")`` another channel.
There are ``+ - * / %``, comparisons, ``and or not``, ``abs min max``, numbers, ``True`` and ``False``. The
text is parsed by Python's own parser and every node is checked when the limits are loaded; it is never
compiled or executed as Python. What is left of it is a tree of functions of this module.
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
_DEEPEST: Final = 40
"""Evaluating goes one call deeper for each level, on whatever stack the guard runs."""
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
class Known:
    """The numbers that an expression is judged on."""

    names: Mapping[str, float]
    channels: Mapping[str, float]


Node = Callable[[Known], Any]


@frozen
class Expression:
    """A checked condition on a write."""

    text: str
    channels: frozenset[str]
    """The other channels it reads."""
    uses_current: bool
    """True if it asks for what the channel holds now."""
    _body: Node = field(eq=False, repr=False)

    def holds(self, *, value: float, current: float | None, channels: Mapping[str, float]) -> bool:
        """Tell whether the condition is true of these numbers.

        :raises ArithmeticError, LookupError, TypeError, ValueError: it cannot be judged, so it does not hold.
        """
        names = {"value": value} if current is None else {"value": value, "current": current}
        result = self._body(Known(names, channels))
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
    _check(body, text, channels)
    if not _is_condition(body):
        msg = f"expression {text!r} is not a condition: end it in a comparison, such as 'value < 10'"
        raise ConfigError(msg)
    names = {node.id for node in ast.walk(body) if isinstance(node, ast.Name)}
    return Expression(text, frozenset(channels), "current" in names, _build(body))


def _check(body: ast.expr, text: str, channels: set[str]) -> None:
    """Check every part, level by level, within the bounds of length and depth."""
    level, count = [body], 0
    for _ in range(_DEEPEST):
        count += len(level)
        if count > _MOST_NODES:
            msg = f"expression {text!r} has more than {_MOST_NODES} parts: split it into several entries"
            raise ConfigError(msg)
        level = [part for node in level for part in _parts_of(node, text, channels)]
        if not level:
            return
    msg = f"expression {text!r} is nested deeper than {_DEEPEST} levels: write it flatter"
    raise ConfigError(msg)


def _parts_of(node: ast.expr, text: str, channels: set[str]) -> list[ast.expr]:
    """Give the operands of a node of the language; refuse every other node."""
    match node:
        case ast.Constant(value=bool() | int() | float() as number):
            if not _is_finite(number):
                msg = f"expression {text!r}: {ast.unparse(node)} is too large for a number"
                raise ConfigError(msg)
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


def _build(node: ast.expr) -> Node:
    """Make the function of a checked part; `and` and `or` look at no more than decides, as Python's do."""
    match node:
        case ast.Constant(value=value):
            return lambda _: value
        case ast.Name(id=name):
            return lambda known: _number(known.names[name])
        case ast.UnaryOp(op=op, operand=operand):
            return _build_sign(op, _build(operand))
        case ast.BinOp(left=left, op=op, right=right):
            return _build_arithmetic(_ARITHMETIC[type(op)], _build(left), _build(right))
        case ast.BoolOp(op=op, values=values):
            join, parts = (all if isinstance(op, ast.And) else any), [_build(value) for value in values]
            return lambda known: join(part(known) for part in parts)
        case ast.Compare(left=left, ops=ops, comparators=others):
            return _build_comparison([_COMPARISONS[type(op)] for op in ops], [_build(left), *map(_build, others)])
        case ast.Call(func=ast.Name(id="ch"), args=[ast.Constant(value=str(name))]):
            return lambda known: _number(known.channels[name])
        case ast.Call(func=ast.Name(id=name), args=args):
            return _build_call(_FUNCTIONS[name], list(map(_build, args)))
        case _:  # pragma: no cover - _parts_of admits nothing else
            msg = f"{ast.dump(node)} is not part of the language"
            raise TypeError(msg)


def _build_sign(op: ast.unaryop, operand: Node) -> Node:
    if isinstance(op, ast.Not):
        return lambda known: not operand(known)
    return (lambda known: -operand(known)) if isinstance(op, ast.USub) else operand


def _build_arithmetic(work: Callable[[float, float], float], left: Node, right: Node) -> Node:
    return lambda known: _number(work(left(known), right(known)))


def _build_comparison(works: list[Callable[[Any, Any], bool]], sides: list[Node]) -> Node:
    def compare(known: Known) -> bool:
        numbers = [side(known) for side in sides]
        return all(work(a, b) for work, a, b in zip(works, numbers, numbers[1:], strict=False))

    return compare


def _build_call(work: Callable[..., Any], args: list[Node]) -> Node:
    return lambda known: work(*[arg(known) for arg in args])


def _number(value: float) -> float:
    """Refuse NaN and infinity: every comparison with them would be decided by accident."""
    if not math.isfinite(value):
        msg = f"{value} takes part in it"
        raise ValueError(msg)
    return value


def _is_finite(number: float) -> bool:
    try:
        return math.isfinite(number)
    except OverflowError:  # a whole number beyond every floating-point number
        return False
