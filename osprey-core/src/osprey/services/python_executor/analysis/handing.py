"""What is handed to something that is not known, or that calls it later."""

from __future__ import annotations

import ast
from typing import Final

from osprey.services.python_executor.analysis.attributes import method_of
from osprey.services.python_executor.analysis.boxes import box_at, flat
from osprey.services.python_executor.analysis.call import Call
from osprey.services.python_executor.analysis.functions import joined, smear
from osprey.services.python_executor.analysis.heat import callables, holders
from osprey.services.python_executor.analysis.items import entered
from osprey.services.python_executor.analysis.run import Run
from osprey.services.python_executor.analysis.values import (
    NOTHING,
    Atom,
    Bound,
    Box,
    Const,
    Function,
    Glob,
    Handle,
    Instance,
    Klass,
    Lib,
    Member,
    Partial,
    Value,
    join,
)

_KEEPING: Final = frozenset(
    ["append", "appendleft", "add", "insert", "extend", "push", "put", "put_nowait", "setdefault", "update", "register"]
)
_TELLING: Final = frozenset(
    [
        "debug",
        "info",
        "warning",
        "error",
        "exception",
        "critical",
        "log",
        "write",
        "writelines",
        "print",
        "text",
        "set_title",
    ]
)


def call_unknown(run: Run, name: str, call: Call) -> Value:
    """Something that is not known gets these arguments."""
    given = [value for value in call.everything() if value]
    if not given:
        return NOTHING
    functions = own_functions(run, given)
    hot, held = callables(given), holders(given)
    if not hot and not held:
        if functions:
            smear_all(run, functions, NOTHING, call.node)
        return NOTHING
    if functions:
        return smear_all(run, functions, flat(joined(given)), call.node)
    if name in ("enter_context", "enter_async_context"):
        return entered(run, joined(given))
    if name in _KEEPING:
        run.loose_of("[]").add(flat(joined(given)), run.growth)
        return NOTHING
    if name in _TELLING:
        return NOTHING
    if hot and name in run.tables.calling:
        tell_handed(run, hot, call, name)
        return NOTHING
    what = name_of((hot or held)[0])
    run.doubt(call.node, "handed on", f"hands {what} to {name or 'something'}, which is not known")
    return NOTHING


def tell_handed(run: Run, hot: Value, call: Call, name: str) -> None:
    for atom in hot:
        if isinstance(atom, Lib) and atom.named.library is None:
            run.doubt(
                call.node,
                atom.named.danger.kind if atom.named.danger else "hidden code",
                f"hands {atom.path} to {name}",
            )
        else:
            run.write(call.node, _library_of(atom), f"{name_of(atom)} (by {name})", _channels_among(call))


def _channels_among(call: Call) -> Value:
    found: Value = NOTHING
    for value in call.everything():
        for atom in value:
            if isinstance(atom, Const | Glob | Box):
                found = join(found, (atom,))
    return found


def _library_of(atom: Atom) -> str:
    if isinstance(atom, Lib):
        return atom.named.library.title if atom.named.library else atom.path
    if isinstance(atom, Member):
        return atom.handle.cls.library
    if isinstance(atom, Partial):
        return _library_of(callables([atom.target])[0])
    return ""


def name_of(atom: Atom) -> str:
    if isinstance(atom, Lib):
        return atom.path
    if isinstance(atom, Member):
        return atom.name
    if isinstance(atom, Handle):
        return f"a handle of {atom.cls.library}"
    if isinstance(atom, Partial):
        return name_of(callables([atom.target])[0])
    return "something that reaches a machine"


def own_functions(run: Run, values: list[Value]) -> list[tuple[Function, Value]]:
    """Give the program's own functions among values, each with its first argument if it is bound."""
    found: dict[tuple[Function, Value], None] = {}
    for value in values:
        for atom in flat(value):
            if isinstance(atom, Function):
                found[atom, NOTHING] = None
            elif isinstance(atom, Bound):
                found[atom.function, atom.receiver] = None
            elif isinstance(atom, Partial):
                for inner in own_functions(run, [atom.target]):
                    found[inner] = None
            elif isinstance(atom, Instance):
                for method in method_of(atom.klass, "__call__"):
                    if isinstance(method, Function):
                        found[method, (atom,)] = None
            elif isinstance(atom, Klass):
                for method in method_of(atom, "__init__"):
                    if isinstance(method, Function):
                        found[method, (atom.instance,)] = None
    return list(found)


def smear_all(run: Run, functions: list[tuple[Function, Value]], values: Value, node: ast.AST) -> Value:
    """Let functions be called by others with any of these values; give what they return and what was handed over."""
    found: Value = NOTHING
    for function, receiver in functions:
        others = tuple(atom for atom in values if atom is not function)
        found = join(found, smear(run, function, others, receiver))
    if not found and not values:
        return NOTHING
    box = box_at(run, node)
    box.rest.add(join(found, values), run.growth)
    return join(found, (box,))
