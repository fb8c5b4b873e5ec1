"""What a call does, whoever is called."""

from __future__ import annotations

import ast
from typing import Any, Final

from osprey.services.python_executor.analysis.attributes import attributes
from osprey.services.python_executor.analysis.boxes import box_at
from osprey.services.python_executor.analysis.call import Call
from osprey.services.python_executor.analysis.handing import call_unknown
from osprey.services.python_executor.analysis.run import EVALUATORS, Run
from osprey.services.python_executor.analysis.values import (
    NOTHING,
    Atom,
    Value,
    join,
)

CALLERS: Final[dict[type[Atom], Any]] = {}
"""Kind of atom -> what calling it gives; the modules of calls fill it."""
_STARTING: Final = frozenset(
    {"Thread", "Process", "Timer", "fork", "Popen", "submit", "apply_async", "start_new_thread"}
)


def evaluate_call(run: Run, node: ast.Call) -> Value:
    """Give what a call can return, and tell what it does."""
    run.step()
    function = node.func
    name = ""
    if type(function) is ast.Attribute:
        name = function.attr
        callee = attributes(run, run.evaluate(function.value), name, function, is_called=True)
    else:
        callee = run.evaluate(function)
        if type(function) is ast.Name:
            name = function.id
    call = _arguments(run, node)
    if run.endless and name in _STARTING:
        run.danger(node, "resources", f"{name} in a loop without end")
    if not callee:
        return call_unknown(run, name, call)
    return call_value(run, callee, call, name)


def _arguments(run: Run, node: ast.Call) -> Call:
    call = Call(node, [], {})
    for each in node.args:
        if type(each) is ast.Starred:
            call.star = join(call.star, run.evaluate(each.value))
        elif call.star:
            value = run.evaluate(each)
            box = box_at(run, each)
            box.rest.add(value, run.growth)
            call.star = join(call.star, (box,))
        else:
            call.args.append(run.evaluate(each))
    for keyword in node.keywords:
        value = run.evaluate(keyword.value)
        if keyword.arg is None:
            call.double_star = join(call.double_star, value)
        else:
            call.keywords[keyword.arg] = value
    return call


def call_value(run: Run, callee: Value, call: Call, name: str = "") -> Value:
    """Give what calling any of these can return."""
    found: Value = NOTHING
    is_known = False
    for atom in callee:
        caller = CALLERS.get(type(atom))
        if caller is not None:
            is_known = True
            one = caller(run, atom, call)
            if one:
                found = join(found, one) if found else one
    return found if is_known else call_unknown(run, name, call)


EVALUATORS[ast.Call] = evaluate_call
