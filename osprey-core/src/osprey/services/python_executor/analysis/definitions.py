"""Definitions of functions and classes, and what classes take over from others."""

from __future__ import annotations

import ast

from osprey.services.python_executor.analysis.attributes import method_of
from osprey.services.python_executor.analysis.boxes import flat
from osprey.services.python_executor.analysis.call import Call
from osprey.services.python_executor.analysis.calls import call_value
from osprey.services.python_executor.analysis.functions import decorator_names, is_property, is_static, new_function
from osprey.services.python_executor.analysis.run import EXECUTORS, Run
from osprey.services.python_executor.analysis.scopes import Binding, Scope
from osprey.services.python_executor.analysis.values import Function, Handle, Instance, Klass, Lib, Value, join


def _function(run: Run, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
    function = new_function(run, node)
    names = decorator_names(node)
    decorators: list[tuple[ast.expr, Value]] = [(each, run.evaluate(each)) for each in node.decorator_list]
    if decorators:
        run.use(function)
    if run.scope.is_class and isinstance(run.scope.klass, Klass):
        _method(run, run.scope.klass, function, node, names)
        if decorators:
            _decorate(run, function, decorators, names)
        return
    value = _decorate(run, function, decorators, names)
    run.scope.binding(node.name).add(value, run.growth)


def _decorate(run: Run, function: Function, decorators: list[tuple[ast.expr, Value]], names: set[str]) -> Value:
    """Give what a decorated name can be: the function itself, too, because most decorators keep it."""
    value: Value = (function,)
    for node, decorator in reversed(decorators):
        if decorator and not (names & {"property", "setter", "staticmethod", "classmethod", "cached_property"}):
            value = join(value, call_value(run, decorator, Call(node, [value], {})))
    return value


def _method(
    run: Run, klass: Klass, function: Function, node: ast.FunctionDef | ast.AsyncFunctionDef, names: set[str]
) -> None:
    function.klass = klass
    function.is_method = not is_static(names)
    function.is_property = is_property(names)
    name = f"{node.name}.setter" if "setter" in names else node.name
    binding = klass.methods.setdefault(name, Binding())
    binding.add((function,), run.growth)
    if function.is_method and function.params:
        receiver: Value = (
            (klass,) if "classmethod" in names or node.name in ("__new__", "__init_subclass__") else (klass.instance,)
        )
        function.scope.bindings[function.params[0]].add(receiver, run.growth)
    function.scope.klass = klass


def _class(run: Run, node: ast.ClassDef) -> None:
    klass = run.sites.get(node)
    if not isinstance(klass, Klass):
        klass = run.sites[node] = Klass()
    for keyword in node.keywords:
        run.evaluate(keyword.value)
    _inherit(run, klass, node)
    scope = Scope(run.scope, is_class=True)
    scope.klass = klass
    outer, run.scope = run.scope, scope
    try:
        run.execute(node.body)
    finally:
        run.scope = outer
    for name, binding in scope.bindings.items():
        klass.fields.setdefault(name, Binding()).add(binding.value, run.growth)
        _set_name(run, klass, name, binding)
    if klass.handle is not None:
        run.use(klass)  # a framework makes objects of it
    value: Value = (klass,)
    for each in node.decorator_list:
        decorator = run.evaluate(each)
        run.use(klass)
        if decorator and not any(isinstance(atom, Lib) and atom.named.library is None for atom in decorator):
            value = join(value, call_value(run, decorator, Call(each, [value], {})))
    run.scope.binding(node.name).add(value, run.growth)


def _set_name(run: Run, klass: Klass, name: str, binding: Binding) -> None:
    from osprey.services.python_executor.analysis.items import call_method

    for atom in binding.value:
        if isinstance(atom, Instance) and atom.klass is not klass:
            call_method(run, atom, "__set_name__", [(klass,), run.const(name)])


def _inherit(run: Run, klass: Klass, node: ast.ClassDef) -> None:
    bases: list[Klass] = []
    for base in node.bases:
        for atom in flat(run.evaluate(base)):
            if isinstance(atom, Klass) and atom is not klass:
                run.use(atom)
                bases.append(atom)
            elif isinstance(atom, Lib) and atom.named.library is not None and atom.named.makes is not None:
                klass.handle = klass.handle or Handle(atom.named.makes)
    klass.bases = tuple(dict.fromkeys(bases))
    for base in klass.bases:
        klass.handle = klass.handle or base.handle
        for name, binding in base.fields.items():
            klass.fields.setdefault(name, binding)
        for binding in base.methods.values():
            for method in binding.value:
                if isinstance(method, Function) and method.is_method and method.params:
                    method.scope.bindings[method.params[0]].add((klass.instance,), run.growth)
        for init in method_of(base, "__init_subclass__"):
            if isinstance(init, Function):
                call_value(run, (init,), Call(node, [(klass,)], {}))


EXECUTORS.update({ast.FunctionDef: _function, ast.AsyncFunctionDef: _function, ast.ClassDef: _class})
