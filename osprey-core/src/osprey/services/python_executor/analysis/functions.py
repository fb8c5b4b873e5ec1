"""The program's own functions: their parameters, their bodies, what they return."""

from __future__ import annotations

import ast
from typing import Any, Final

from osprey.services.python_executor.analysis.run import Run
from osprey.services.python_executor.analysis.scopes import Scope
from osprey.services.python_executor.analysis.values import NOTHING, Box, Function, Value, join

_PLAIN: Final = frozenset({"staticmethod"})
_PROPERTIES: Final = frozenset({"property", "cached_property", "hybrid_property"})


def new_function(run: Run, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> Function:
    """Give the function that a definition makes; its defaults are looked at, its body not yet."""
    function = run.sites.get(node)
    if not isinstance(function, Function):
        function = run.sites[node] = Function(node, Scope(run.scope))
        run.functions.append(function)
        _declare(function)
    arguments = node.args
    names = function.params
    for name, default in zip(names[len(names) - len(arguments.defaults) :], arguments.defaults, strict=True):
        function.scope.bindings[name].add(run.evaluate(default), run.growth)
    for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if default is not None:
            function.scope.bindings[argument.arg].add(run.evaluate(default), run.growth)
    return function


def _declare(function: Function) -> None:
    arguments = function.node.args
    for name in (*function.params, *(each.arg for each in arguments.kwonlyargs)):
        function.scope.binding(name)
    for argument, box in ((arguments.vararg, function.rest), (arguments.kwarg, function.keyword_rest)):
        if argument is not None and box is not None:
            function.scope.binding(argument.arg).add((box,))
            box.is_mapping = box is function.keyword_rest


def decorator_names(node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> set[str]:
    """Give the last words of the plain decorators of a definition."""
    found: set[str] = set()
    for decorator in node.decorator_list:
        target = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(target, ast.Attribute):
            found.add(target.attr)
        elif isinstance(target, ast.Name):
            found.add(target.id)
    return found


def is_property(names: set[str]) -> bool:
    """Say whether decorators make an attribute of a method."""
    return not _PROPERTIES.isdisjoint(names)


def is_static(names: set[str]) -> bool:
    """Say whether a method gets no object as its first argument."""
    return not _PLAIN.isdisjoint(names)


def call_function(
    run: Run,
    function: Function,
    args: list[Value],
    keywords: dict[str, Value],
    *,
    receiver: Value = NOTHING,
    star: Value = NOTHING,
    double_star: Value = NOTHING,
) -> Value:
    """Let a function be called so, and give what it can return."""
    run.use(function)
    given = [receiver, *args] if receiver else args
    _bind(run, function, given, keywords)
    if star or double_star:
        _smear_rest(run, function, len(given), star, double_star)
    if function.done_in != run.pass_number and not function.is_running:
        run_body(run, function)
    return function.returns.read()


def _bind(run: Run, function: Function, given: list[Value], keywords: dict[str, Value]) -> None:
    bindings, params = function.scope.bindings, function.params
    for index, value in enumerate(given):
        if index < len(params):
            bindings[params[index]].add(value, run.growth)
        elif function.rest is not None and value:
            function.rest.rest.add(value, run.growth)
    for name, value in keywords.items():
        if name in bindings:
            bindings[name].add(value, run.growth)
        elif function.keyword_rest is not None:
            from osprey.services.python_executor.analysis.boxes import slot_of

            slot_of(function.keyword_rest, name).add(value, run.growth)
            function.keyword_rest.keys.add(run.const(name), run.growth)


def _smear_rest(run: Run, function: Function, first: int, star: Value, double_star: Value) -> None:
    """Give the arguments after a star to every parameter that they could be."""
    from osprey.services.python_executor.analysis.boxes import content_of, item_of

    bindings = function.scope.bindings
    for atom in star:
        if isinstance(atom, Box):
            for index, name in enumerate(function.params[first:]):
                bindings[name].add(item_of(atom, index), run.growth)
            if function.rest is not None:
                function.rest.rest.add(content_of(atom), run.growth)
        else:
            for name in function.params[first:]:
                bindings[name].add((atom,), run.growth)
    for atom in double_star:
        if isinstance(atom, Box):
            for name in (*function.params[first:], *(each.arg for each in function.node.args.kwonlyargs)):
                found: Value = item_of(atom, name)
                if found:
                    bindings[name].add(found, run.growth)
            if function.keyword_rest is not None:
                function.keyword_rest.rest.add(content_of(atom), run.growth)


def smear(run: Run, function: Function, values: Value, receiver: Value = NOTHING) -> Value:
    """Let a function be called by others, with any of these values as any argument."""
    count = len(function.params) - (1 if receiver else 0)
    return call_function(run, function, [values] * max(count, 0), {}, receiver=receiver, star=values)


def run_body(run: Run, function: Function) -> None:
    """Go through the body of a function once in this pass."""
    run.step()
    function.done_in = run.pass_number
    function.is_running = True
    before: tuple[Any, ...] = (run.scope, run.function, run.endless)
    run.scope, run.function, run.endless = function.scope, function, 0
    try:
        node = function.node
        if isinstance(node, ast.Lambda):
            function.returns.add(run.evaluate(node.body), run.growth)
        else:
            run.execute(node.body)
    finally:
        run.scope, run.function, run.endless = before
        function.is_running = False


def joined(values: list[Value]) -> Value:
    """Give what is in any of several values."""
    found: Value = NOTHING
    for value in values:
        found = join(found, value)
    return found
