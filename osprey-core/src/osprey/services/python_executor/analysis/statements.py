"""What each kind of statement does to names, and where a program never ends."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final

from osprey.services.python_executor.analysis.boxes import flat
from osprey.services.python_executor.analysis.items import dunder, elements, entered
from osprey.services.python_executor.analysis.run import EXECUTORS, Run
from osprey.services.python_executor.analysis.targets import assign, delete
from osprey.services.python_executor.analysis.values import NOTHING, Handle, Instance, Klass, join

_WAITING = frozenset(
    [
        "sleep",
        "wait",
        "wait_for",
        "join",
        "get",
        "recv",
        "poll",
        "pause",
        "exit",
        "quit",
        "_exit",
        "select",
        "start_reading",
        "run_forever",
        "acquire",
    ]
)


def _expression(run: Run, node: ast.Expr) -> None:
    if not isinstance(node.value, ast.Constant):  # a docstring names what it likes
        run.evaluate(node.value)


def _assign(run: Run, node: ast.Assign) -> None:
    value = run.evaluate(node.value)
    for target in node.targets:
        assign(run, target, value)


def _annotated(run: Run, node: ast.AnnAssign) -> None:
    klass = run.scope.klass
    if (
        run.scope.is_class
        and isinstance(klass, Klass)
        and isinstance(node.target, ast.Name)
        and node.target.id not in klass.order
    ):
        klass.order.append(node.target.id)
    if node.value is not None:
        assign(run, node.target, run.evaluate(node.value))


def _augmented(run: Run, node: ast.AugAssign) -> None:
    target = node.target
    value = run.evaluate(node.value)
    if isinstance(target, ast.Name):
        binding = run.scope.find(target.id)
        now = binding.read() if binding is not None else NOTHING
        found = join(now, value)
        for atom in now:
            if isinstance(atom, Instance):
                found = join(found, dunder(run, atom, node.op, [value]))
            elif isinstance(atom, Handle):
                run.write(node, atom.cls.library, "augmented assignment", atom.channels)
        assign(run, target, tuple(atom for atom in found if not _is_text(atom)))
    else:
        run.evaluate(target)
        assign(run, target, value)


def _is_text(atom: object) -> bool:
    from osprey.services.python_executor.analysis.values import Const, Glob

    return isinstance(atom, Const | Glob)


def _return(run: Run, node: ast.Return) -> None:
    if node.value is not None:
        value = run.evaluate(node.value)
        if run.function is not None:
            run.function.returns.add(value, run.growth)


def _is_never(test: ast.expr) -> bool:
    if isinstance(test, ast.Constant):
        return not test.value
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and isinstance(test.operand, ast.Constant):
        return bool(test.operand.value)
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


def _if(run: Run, node: ast.If) -> None:
    run.evaluate(node.test)
    if _is_never(node.test):
        _unreached(run, node.body)
    else:
        run.execute(node.body)
    if isinstance(node.test, ast.Constant) and node.test.value:
        _unreached(run, node.orelse)
    else:
        run.execute(node.orelse)


def _unreached(run: Run, body: list[ast.stmt]) -> None:
    """Go through what never runs for the names it would set, and tell nothing but what a reader should know."""
    before, run.is_dead = run.is_dead, True
    try:
        run.execute(body)
    finally:
        run.is_dead = before


def _for(run: Run, node: ast.For | ast.AsyncFor) -> None:
    over = run.evaluate(node.iter)
    assign(run, node.target, elements(run, over, node))
    run.execute(node.body)
    run.execute(node.orelse)


def _while(run: Run, node: ast.While) -> None:
    run.evaluate(node.test)
    if _is_never(node.test):
        _unreached(run, node.body)
        run.execute(node.orelse)
        return
    is_endless = isinstance(node.test, ast.Constant)
    if is_endless and not _can_end(node.body):
        run.danger(node, "resources", "a loop without end")
    run.endless += is_endless
    run.execute(node.body)
    run.endless -= is_endless
    run.execute(node.orelse)


def _can_end(body: list[ast.stmt]) -> bool:
    """Say whether something in a loop leaves it or waits."""
    for statement in body:
        for node in ast.walk(statement):
            if isinstance(node, ast.Break | ast.Return | ast.Raise | ast.Yield | ast.YieldFrom | ast.Await):
                return True
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name in _WAITING:
                    return True
    return False


def _with(run: Run, node: ast.With | ast.AsyncWith) -> None:
    for item in node.items:
        value = entered(run, run.evaluate(item.context_expr))
        if item.optional_vars is not None:
            assign(run, item.optional_vars, value)
    run.execute(node.body)


def _try(run: Run, node: Any) -> None:
    run.execute(node.body)
    for handler in node.handlers:
        if handler.type is not None:
            run.evaluate(handler.type)
        if handler.name:
            run.scope.binding(handler.name).add(NOTHING)
        run.execute(handler.body)
    run.execute(node.orelse)
    run.execute(node.finalbody)


def _import(run: Run, node: ast.Import) -> None:
    for alias in node.names:
        path = alias.name if alias.asname else alias.name.partition(".")[0]
        value = run.imported(path)
        if not alias.asname and "." in alias.name:
            run.imported(alias.name)
        run.scope.binding(alias.asname or path).add(value, run.growth)


def _import_from(run: Run, node: ast.ImportFrom) -> None:
    if node.module == "__future__":
        return
    module = "." * node.level + (node.module or "")
    run.imported(module)
    for alias in node.names:
        if alias.name == "*":
            if module not in run.stars and (
                run.tables.is_control(module) or run.tables.lib(module).named.is_unknown or module == "os"
            ):
                run.stars.append(module)
                run.growth.happened = True
            continue
        value = run.imported(f"{module}.{alias.name}" if node.module else f"{module}{alias.name}")
        run.scope.binding(alias.asname or alias.name).add(value, run.growth)


def _elsewhere(run: Run, node: ast.Global | ast.Nonlocal) -> None:
    for name in node.names:
        if isinstance(node, ast.Global):
            run.scope.elsewhere[name] = run.module
        else:
            scope = run.scope.parent
            while scope is not None and (name not in scope.bindings or scope.is_class):
                scope = scope.parent
            run.scope.elsewhere[name] = scope or run.module
        run.scope.bindings.pop(name, None)


def _match(run: Run, node: ast.Match) -> None:
    subject = run.evaluate(node.subject)
    everything = join(subject, join(flat(subject), elements(run, subject, node)))
    for case in node.cases:
        for pattern in ast.walk(case.pattern):
            name = getattr(pattern, "name", None) or getattr(pattern, "rest", None)
            if isinstance(name, str):
                run.scope.binding(name).add(everything, run.growth)
        if case.guard is not None:
            run.evaluate(case.guard)
        run.execute(case.body)


def _delete(run: Run, node: ast.Delete) -> None:
    for target in node.targets:
        delete(run, target)


def _raise(run: Run, node: ast.Raise) -> None:
    for part in (node.exc, node.cause):
        if part is not None:
            run.evaluate(part)


def _assert(run: Run, node: ast.Assert) -> None:
    run.evaluate(node.test)
    if node.msg is not None:
        run.evaluate(node.msg)


def _nothing(run: Run, node: ast.stmt) -> None:
    del run, node


_KINDS: Final[dict[type[ast.AST], Callable[[Run, Any], None]]] = {
    ast.Expr: _expression,
    ast.Assign: _assign,
    ast.AnnAssign: _annotated,
    ast.AugAssign: _augmented,
    ast.Return: _return,
    ast.If: _if,
    ast.For: _for,
    ast.AsyncFor: _for,
    ast.While: _while,
    ast.With: _with,
    ast.AsyncWith: _with,
    ast.Try: _try,
    ast.TryStar: _try,
    ast.Import: _import,
    ast.ImportFrom: _import_from,
    ast.Global: _elsewhere,
    ast.Nonlocal: _elsewhere,
    ast.Match: _match,
    ast.Delete: _delete,
    ast.Raise: _raise,
    ast.Assert: _assert,
    ast.Pass: _nothing,
    ast.Break: _nothing,
    ast.Continue: _nothing,
}
EXECUTORS.update(_KINDS)
