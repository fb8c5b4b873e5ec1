"""What each kind of expression can be."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final, cast

from osprey.services.python_executor.analysis.attributes import attributes
from osprey.services.python_executor.analysis.boxes import box_at, content_of, merge_into, slot_of
from osprey.services.python_executor.analysis.constants import exact, slice_text
from osprey.services.python_executor.analysis.folding import folded_texts, joined_text, look_at_size
from osprey.services.python_executor.analysis.functions import new_function
from osprey.services.python_executor.analysis.items import dunder, elements, items
from osprey.services.python_executor.analysis.run import EVALUATORS, Run
from osprey.services.python_executor.analysis.targets import assign
from osprey.services.python_executor.analysis.values import (
    ANY,
    NOTHING,
    Box,
    Const,
    Function,
    Instance,
    Klass,
    Value,
    join,
)

_MOST_SLOTS: Final = 12


def _constant(run: Run, node: ast.Constant) -> Value:
    value = node.value
    kind = type(value)
    if kind is str:
        run.look_at_text(node, cast("str", value))
        return run.const(cast("str", value))
    if kind is int or kind is bytes:
        return run.const(cast("int", value))
    return NOTHING


def _name(run: Run, node: ast.Name) -> Value:
    binding = run.scope.find(node.id)
    if binding is None:
        return run.unbound(node.id)
    binding.was_read = True
    value = binding.value
    for atom in value:
        kind = type(atom)
        if kind is Function or kind is Klass:
            run.use(cast("Function", atom))
    return value


def _attribute(run: Run, node: ast.Attribute) -> Value:
    return attributes(run, run.evaluate(node.value), node.attr, node, is_called=False)


def _subscript(run: Run, node: ast.Subscript) -> Value:
    base = run.evaluate(node.value)
    key = run.evaluate(node.slice)
    if not base:
        loose = run.loose.get("[]")
        return loose.read() if loose is not None else NOTHING
    found = items(run, base, key, node, is_slice=isinstance(node.slice, ast.Slice))
    for atom in base:
        if isinstance(atom, Const) and isinstance(atom.value, str | bytes):
            piece = slice_text(atom.value, node.slice)
            found = join(found, run.const(piece) if piece is not None else (ANY,))
    return found


def _binary(run: Run, node: ast.BinOp) -> Value:
    left, right = run.evaluate(node.left), run.evaluate(node.right)
    if isinstance(node.op, ast.Pow | ast.Mult | ast.LShift):
        look_at_size(run, node, exact(left), exact(right))
    if not left and not right:
        return NOTHING
    found: Value = NOTHING
    for atom in left:
        if isinstance(atom, Instance):
            found = join(found, dunder(run, atom, node.op, [right]))
        elif isinstance(atom, Box):
            found = join(found, _combined(run, node, atom))
    for atom in right:
        if isinstance(atom, Instance):
            found = join(found, dunder(run, atom, node.op, [left]))
        elif isinstance(atom, Box) and not isinstance(node.op, ast.Mod):
            found = join(found, _combined(run, node, atom))
    return join(found, folded_texts(run, node, left, right))


def _combined(run: Run, node: ast.BinOp, part: Box) -> Value:
    """Give what a container becomes that is joined to another one or repeated: its places are no longer known."""
    box = box_at(run, node)
    box.is_mapping = part.is_mapping
    if held := content_of(part):
        box.rest.add(held, run.growth)
    if names := part.keys.read():
        box.keys.add(names, run.growth)
    return (box,)


def _sequence(run: Run, node: ast.List | ast.Tuple | ast.Set) -> Value:
    box = box_at(run, node)
    for index, element in enumerate(node.elts):
        if isinstance(element, ast.Starred):
            box.rest.add(elements(run, run.evaluate(element.value), node), run.growth)
            continue
        value = run.evaluate(element)
        if index < _MOST_SLOTS and not isinstance(node, ast.Set):
            slot_of(box, index).add(value, run.growth)
        elif value:
            box.rest.add(value, run.growth)
    return (box,)


def _mapping(run: Run, node: ast.Dict) -> Value:
    box = box_at(run, node)
    box.is_mapping = True
    for key, value_node in zip(node.keys, node.values, strict=True):
        value = run.evaluate(value_node)
        if key is None:
            merge_into(run, box, value)
            continue
        name = run.evaluate(key)
        box.keys.add(name, run.growth)
        constant = exact(name)
        (box.rest if constant is None else slot_of(box, constant)).add(value, run.growth)
    return (box,)


def _comprehension(run: Run, node: ast.ListComp | ast.SetComp | ast.GeneratorExp) -> Value:
    _generators(run, node.generators)
    value = run.evaluate(node.elt)
    box = box_at(run, node)
    if value:
        box.rest.add(value, run.growth)
    return (box,)


def _dict_comprehension(run: Run, node: ast.DictComp) -> Value:
    _generators(run, node.generators)
    box = box_at(run, node)
    box.is_mapping = True
    box.keys.add(run.evaluate(node.key), run.growth)
    box.rest.add(run.evaluate(node.value), run.growth)
    return (box,)


def _generators(run: Run, generators: list[ast.comprehension]) -> None:
    for generator in generators:
        over = run.evaluate(generator.iter)
        assign(run, generator.target, elements(run, over, generator.iter))
        for condition in generator.ifs:
            run.evaluate(condition)


def _all_of(run: Run, node: ast.BoolOp) -> Value:
    found: Value = NOTHING
    for value in node.values:
        found = join(found, run.evaluate(value))
    return found


def _either(run: Run, node: ast.IfExp) -> Value:
    run.evaluate(node.test)
    if isinstance(node.test, ast.Constant):
        return run.evaluate(node.body if node.test.value else node.orelse)
    return join(run.evaluate(node.body), run.evaluate(node.orelse))


def _compare(run: Run, node: ast.Compare) -> Value:
    values = [run.evaluate(node.left), *(run.evaluate(each) for each in node.comparators)]
    for index, value in enumerate(values):
        for atom in value:
            if isinstance(atom, Instance):
                others = [v for i, v in enumerate(values) if i != index]
                dunder(run, atom, node.ops[0], others)
    return NOTHING


def _unary(run: Run, node: ast.UnaryOp) -> Value:
    value = run.evaluate(node.operand)
    found: Value = NOTHING
    for atom in value:
        if isinstance(atom, Instance):
            found = join(found, dunder(run, atom, node.op, []))
    number = exact(value)
    if isinstance(node.op, ast.USub) and isinstance(number, int):
        return run.const(-number)
    return found


def _lambda(run: Run, node: ast.Lambda) -> Value:
    function = new_function(run, node)
    run.use(function)
    return (function,)


def _named(run: Run, node: ast.NamedExpr) -> Value:
    value = run.evaluate(node.value)
    assign(run, node.target, value)
    return value


def _inner(run: Run, node: ast.Await | ast.Starred) -> Value:
    return run.evaluate(node.value)


def _yield(run: Run, node: ast.Yield) -> Value:
    value = run.evaluate(node.value) if node.value is not None else NOTHING
    _yielded(run).rest.add(value, run.growth)
    return NOTHING


def _yield_from(run: Run, node: ast.YieldFrom) -> Value:
    value = run.evaluate(node.value)
    _yielded(run).rest.add(elements(run, value, node), run.growth)
    return value


def _yielded(run: Run) -> Box:
    function = run.function
    if function is None:
        return Box()
    if function.box is None:
        function.box = Box()
        function.returns.add((function.box,), run.growth)
    return function.box


def _slice(run: Run, node: ast.Slice) -> Value:
    for part in (node.lower, node.upper, node.step):
        if part is not None:
            run.evaluate(part)
    return NOTHING


def _formatted_alone(run: Run, node: ast.FormattedValue) -> Value:
    return run.evaluate(node.value)


_KINDS: Final[dict[type[ast.AST], Callable[[Run, Any], Value]]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.BinOp: _binary,
    ast.BoolOp: _all_of,
    ast.UnaryOp: _unary,
    ast.Compare: _compare,
    ast.IfExp: _either,
    ast.JoinedStr: joined_text,
    ast.FormattedValue: _formatted_alone,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Set: _sequence,
    ast.Dict: _mapping,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.DictComp: _dict_comprehension,
    ast.Lambda: _lambda,
    ast.NamedExpr: _named,
    ast.Await: _inner,
    ast.Starred: _inner,
    ast.Yield: _yield,
    ast.YieldFrom: _yield_from,
    ast.Slice: _slice,
}
EVALUATORS.update(_KINDS)
