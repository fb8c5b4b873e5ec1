"""Containers: what they hold under which key."""

from __future__ import annotations

import ast
from typing import Any, Final

from osprey.services.python_executor.analysis.run import Run
from osprey.services.python_executor.analysis.scopes import Binding
from osprey.services.python_executor.analysis.values import Atom, Box, IntricateError, Value, join

_DEEPEST: Final = 3
_MOST_BOXES: Final = 400


def box_at(run: Run, node: ast.AST) -> Box:
    """Give the container that an expression makes, the same in each pass."""
    box = run.sites.get(node)
    if not isinstance(box, Box):
        box = run.sites[node] = Box()
    return box


def slot_of(box: Box, key: Any) -> Binding:
    """Give what stands under a constant key."""
    found = box.slots.get(key)
    if found is None:
        found = box.slots[key] = Binding()
    return found


def content_of(box: Box) -> Value:
    """Give all that a container holds, whatever the key."""
    found = box.rest.read()
    for binding in list(box.slots.values()):
        found = join(found, binding.read())
    return found


def item_of(box: Box, key: Any) -> Value:
    """Give what can stand under a constant key; None: the key is not known."""
    if key is None:
        return content_of(box)
    if key in box.slots:
        return join(box.slots[key].read(), box.rest.read())
    if isinstance(key, int) and key < 0 and box.slots and not box.is_mapping:
        return content_of(box)
    return box.rest.read()


def merge_into(run: Run, box: Box, value: Value) -> None:
    """Put what mappings hold into another one."""
    for atom in value:
        if isinstance(atom, Box) and atom is not box:
            for key, binding in list(atom.slots.items()):
                slot_of(box, key).add(binding.read(), run.growth)
            for mine, theirs in ((box.rest, atom.rest), (box.keys, atom.keys)):
                if found := theirs.read():
                    mine.add(found, run.growth)


def view_of(run: Run, box: Box, name: str) -> Box:
    """Give `items()`, `values()` or `keys()` of a container."""
    view = box.views.get(name)
    if view is None:
        view = box.views[name] = Box()
    if name == "items":
        pair = box.pairs = box.pairs or Box()
        slot_of(pair, 0).add(box.keys.read(), run.growth)
        slot_of(pair, 1).add(content_of(box), run.growth)
        view.rest.add((pair,), run.growth)
    else:
        found = content_of(box) if name == "values" else box.keys.read()
        if found:
            view.rest.add(found, run.growth)
    return view


def flat(value: Value) -> Value:
    """Give atoms and, to some depth, what containers among them hold."""
    for atom in value:
        if type(atom) is Box:
            break
    else:
        return value
    found: dict[Atom, None] = {}
    _flatten(value, found, set(), 0)
    return tuple(found)


def _flatten(value: Value, found: dict[Atom, None], seen: set[Box], depth: int) -> None:
    for atom in value:
        if not isinstance(atom, Box):
            found[atom] = None
        elif depth < _DEEPEST and atom not in seen:
            if len(seen) > _MOST_BOXES:
                raise IntricateError
            seen.add(atom)
            _flatten(content_of(atom), found, seen, depth + 1)
