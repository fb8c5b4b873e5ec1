"""Calls of containers and of the methods of texts."""

from __future__ import annotations

from typing import Any

from osprey.services.python_executor.analysis.boxes import box_at, content_of, item_of, merge_into, slot_of
from osprey.services.python_executor.analysis.call import Call
from osprey.services.python_executor.analysis.calls import CALLERS, call_value
from osprey.services.python_executor.analysis.constants import exact, fold_method
from osprey.services.python_executor.analysis.functions import joined
from osprey.services.python_executor.analysis.items import elements, view
from osprey.services.python_executor.analysis.run import Run
from osprey.services.python_executor.analysis.values import (
    ANY,
    NOTHING,
    Box,
    BoxMethod,
    Const,
    Glob,
    Handle,
    Instance,
    TextMethod,
    Value,
    join,
)


def _call_box(run: Run, box: Box, call: Call) -> Value:
    """A container that is called was made of callables by something that only passes them on."""
    found = content_of(box)
    callees = tuple(atom for atom in found if not isinstance(atom, Box | Const | Glob | Handle | Instance))
    if callees:
        found = join(found, call_value(run, callees, call))
    return join(found, (box,))


def _call_box_method(run: Run, method: BoxMethod, call: Call) -> Value:
    box, name = method.box, method.name
    if name in ("items", "values", "keys"):
        return view(run, box, name)
    key = exact(call.given(0))
    if name in ("get", "pop", "setdefault", "__getitem__") and call.args:
        for value in call.args[1:]:
            if name == "setdefault":
                (box.rest if key is None else slot_of(box, key)).add(value, run.growth)
        return join(item_of(box, key if key is not None else None), joined(call.args[1:]))
    if name == "__setitem__" and len(call.args) > 1:
        (box.rest if key is None else slot_of(box, key)).add(call.args[1], run.growth)
        return NOTHING
    for value in call.args:
        if name in ("extend", "update", "extendleft", "__init__", "__iadd__", "union"):
            merge_into(run, box, value)
            box.rest.add(elements(run, value, call.node) if value else NOTHING, run.growth)
        elif value:
            box.rest.add(value, run.growth)
    for keyword, value in call.keywords.items():
        slot_of(box, keyword).add(value, run.growth)
    if name in (
        "append",
        "add",
        "insert",
        "extend",
        "update",
        "put",
        "put_nowait",
        "sort",
        "clear",
        "remove",
        "reverse",
    ):
        return NOTHING
    return join(content_of(box), (box,))


def _call_text_method(run: Run, method: TextMethod, call: Call) -> Value:
    atom = method.text
    if method.name == "join" and isinstance(atom, Const) and call.args:
        return _joined_text(run, str(atom.value), call)
    if isinstance(atom, Glob):
        return (run.once(Glob, atom.text),) if method.name not in ("format", "join", "split") else NOTHING
    arguments = [exact(value) for value in call.args]
    keywords = {name: exact(value) for name, value in call.keywords.items()}
    if call.star or call.double_star:
        return (ANY,)
    if any(value is None for value in (*arguments, *keywords.values())):
        return _formatted(run, atom, call) if method.name == "format" else (ANY,)
    result = fold_method(atom.value, method.name, arguments, keywords)
    if isinstance(result, list):
        box = box_at(run, call.node)
        for index, part in enumerate(result):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            if isinstance(part, str):
                (slot_of(box, index) if index < 12 else box.rest).add(run.const(part), run.growth)
        return (box,)
    if isinstance(result, str):
        run.look_at_text(call.node, result)
    return run.const(result) if isinstance(result, str | bytes) else (ANY,)


def _formatted(run: Run, atom: Const, call: Call) -> Value:
    def piece(value: Value) -> list[Any]:
        known = [
            each.value if isinstance(each, Const) else each.text for each in value if isinstance(each, Const | Glob)
        ]
        return known[:24] if known and ANY not in value else ["{...}"]

    found: Value = NOTHING
    choices = [piece(value) for value in call.args]
    most = max((len(each) for each in choices), default=1)
    for index in range(most):
        arguments = [each[min(index, len(each) - 1)] for each in choices]
        keywords = {name: piece(value)[0] for name, value in call.keywords.items()}
        result = fold_method(atom.value, "format", arguments, keywords)
        if isinstance(result, str):
            is_known = not call.keywords and len(choices) == 1 and "{...}" not in result
            found = join(found, run.const(result) if is_known else (run.once(Glob, result),))
    return found or (ANY,)


def _joined_text(run: Run, separator: str, call: Call) -> Value:
    parts: list[str] = []
    for atom in call.args[0]:
        if isinstance(atom, Box) and not atom.rest.value and atom.slots and not atom.is_mapping:
            for index in range(len(atom.slots)):
                part = exact(item_of(atom, index))
                if not isinstance(part, str):
                    return (ANY,)
                parts.append(part)
            text = separator.join(parts)
            run.look_at_text(call.node, text)
            return run.const(text)
    return (ANY,)


CALLERS.update({Box: _call_box, BoxMethod: _call_box_method, TextMethod: _call_text_method})
