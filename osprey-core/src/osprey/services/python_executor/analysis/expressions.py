"""What each kind of expression can be."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final, cast

from osprey.services.python_executor.analysis.attributes import (
    attributes,
    dunder,
    elements,
    items,
)
from osprey.services.python_executor.analysis.boxes import box_at, content_of, merge_into, slot_of
from osprey.services.python_executor.analysis.constants import exact, fold_binary, slice_text
from osprey.services.python_executor.analysis.functions import new_function
from osprey.services.python_executor.analysis.run import EVALUATORS, Run
from osprey.services.python_executor.analysis.targets import assign
from osprey.services.python_executor.analysis.values import (
    ANY,
    NOTHING,
    Atom,
    Box,
    Const,
    Function,
    Glob,
    Instance,
    Klass,
    Value,
    join,
)

_MOST_SLOTS: Final = 12
_MOST_PRODUCTS: Final = 64
_HUGE: Final = 10**8


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
        _look_at_size(run, node, exact(left), exact(right))
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
    return join(found, _folded(run, node, left, right))


def _combined(run: Run, node: ast.BinOp, part: Box) -> Value:
    """Give what a container becomes that is joined to another one or repeated: its places are no longer known."""
    box = box_at(run, node)
    box.is_mapping = part.is_mapping
    if held := content_of(part):
        box.rest.add(held, run.growth)
    if names := part.keys.read():
        box.keys.add(names, run.growth)
    return (box,)


def _folded(run: Run, node: ast.BinOp, left: Value, right: Value) -> Value:
    lefts, rights = _parts(run, left, node.left), _parts(run, right, node.right)
    if not lefts or not rights or len(lefts) * len(rights) > _MOST_PRODUCTS:
        return NOTHING
    found: Value = NOTHING
    if not (_are_known(lefts) or _are_known(rights)):
        return NOTHING
    for one in lefts:
        for other in rights:
            result = fold_binary(node.op, one, other)
            if result is None:
                found = join(found, (ANY,)) if found else found
            else:
                found = join(found, run.const(result.value) if isinstance(result, Const) else (run.once(Glob, result.text),))
    return found


def _are_known(parts: list[Const | Glob]) -> bool:
    return any(isinstance(part, Const) or part.text != "{...}" for part in parts)


def _parts(run: Run, value: Value, node: ast.expr) -> list[Const | Glob]:
    """Give the texts of one side; what is not known is a brace with its name."""
    parts: list[Const | Glob] = [atom for atom in value if isinstance(atom, Const | Glob)]
    if not parts or ANY in value:
        glob = run.sites.get(node)
        if not isinstance(glob, Glob):
            glob = run.sites[node] = run.once(Glob, _brace(node))
        parts.append(glob)
    return parts


def _brace(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return f"{{{node.id}}}"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1:
        return _brace(node.args[0])
    return "{...}"


def _look_at_size(run: Run, node: ast.BinOp, left: Any, right: Any) -> None:
    if isinstance(node.op, ast.Pow) and isinstance(left, int) and isinstance(right, int):
        if abs(left) > 1 and right > 0 and right * max(abs(left).bit_length(), 1) > 50_000_000:
            run.danger(node, "resources", "computes a number of millions of digits")
        if isinstance(node.right, ast.BinOp) and isinstance(node.right.op, ast.Pow) and right > _HUGE and abs(left) > 1:
            run.danger(node, "resources", "computes a power of a power")
    elif isinstance(node.op, ast.Mult):
        count = left if isinstance(left, int) else right
        if isinstance(count, int) and count >= _HUGE and isinstance(node.left, ast.List | ast.Constant | ast.Tuple):
            repeats = left if isinstance(left, str | bytes) else right if isinstance(right, str | bytes) else None
            if repeats is not None or isinstance(node.left, ast.List | ast.Tuple):
                run.danger(node, "resources", f"makes something of {count} parts")
    elif isinstance(node.op, ast.LShift) and isinstance(right, int) and right > 50_000_000:
        run.danger(node, "resources", "computes a number of millions of digits")


def _joined(run: Run, node: ast.JoinedStr) -> Value:
    texts = [""]
    is_exact = True
    for part in node.values:
        if isinstance(part, ast.Constant):
            texts = [text + str(part.value) for text in texts]
            continue
        if not isinstance(part, ast.FormattedValue):
            continue
        shown, known = _formatted(run, part)
        is_exact = is_exact and known
        if len(texts) * len(shown) > _MOST_PRODUCTS:
            shown, is_exact = [_brace(part.value)], False
        texts = [text + piece for text in texts for piece in shown]
    if is_exact:
        found: Value = NOTHING
        for text in texts:
            run.look_at_text(node, text)
            found = join(found, run.const(text))
        return found
    globs = run.sites.get(node)
    if globs is None or [glob.text for glob in globs] != texts:
        globs = run.sites[node] = tuple(run.once(Glob, text) for text in texts)
    return cast("Value", globs)


def _formatted(run: Run, part: ast.FormattedValue) -> tuple[list[str], bool]:
    value = run.evaluate(part.value)
    spec = ""
    if part.format_spec is not None:
        found = exact(run.evaluate(part.format_spec))
        spec = found if isinstance(found, str) else ""
    parts = [atom for atom in value if isinstance(atom, Const | Glob)]
    if not parts or part.conversion not in (-1, 115):
        return [_brace(part.value)], False
    shown: list[str] = []
    for atom in parts:
        try:
            shown.append(atom.text if isinstance(atom, Glob) else format(atom.value, spec))
        except (ValueError, TypeError):
            shown.append(_brace(part.value))
    is_known = ANY not in value and all(isinstance(atom, Const) for atom in parts)
    return (shown, True) if is_known else ([*shown, *([_brace(part.value)] if ANY in value else [])], False)


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
    ast.JoinedStr: _joined,
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
