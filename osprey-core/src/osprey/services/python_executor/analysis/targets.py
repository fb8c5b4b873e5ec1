"""Assignments: to names, to attributes and items of handles (which are writes), to containers and objects."""

from __future__ import annotations

import ast

from osprey.services.python_executor.analysis.attributes import below, channels_below, method_of
from osprey.services.python_executor.analysis.boxes import content_of, item_of, slot_of
from osprey.services.python_executor.analysis.constants import exact
from osprey.services.python_executor.analysis.functions import call_function
from osprey.services.python_executor.analysis.heat import is_hot
from osprey.services.python_executor.analysis.items import call_method, elements
from osprey.services.python_executor.analysis.run import Run
from osprey.services.python_executor.analysis.scopes import Binding, Scope
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
    Namespace,
    Value,
    join,
    texts_of,
)


def assign(run: Run, target: ast.expr, value: Value) -> None:
    """Let a target of an assignment be a value."""
    if isinstance(target, ast.Name):
        run.scope.binding(target.id).add(value, run.growth)
    elif isinstance(target, ast.Tuple | ast.List):
        _unpack(run, target, value)
    elif isinstance(target, ast.Attribute):
        store_attribute(run, run.evaluate(target.value), target.attr, value, target)
    elif isinstance(target, ast.Subscript):
        store_item(run, run.evaluate(target.value), run.evaluate(target.slice), value, target)
    elif isinstance(target, ast.Starred):
        assign(run, target.value, value)


def _unpack(run: Run, target: ast.Tuple | ast.List, value: Value) -> None:
    boxes = [atom for atom in value if isinstance(atom, Box)]
    others = tuple(atom for atom in value if not isinstance(atom, Box | Const | Glob))
    spread = elements(run, others, target) if others else NOTHING
    if not value:
        spread = elements(run, NOTHING, target)
    has_star = False
    for index, element in enumerate(target.elts):
        found = spread
        for box in boxes:
            if isinstance(element, ast.Starred) or has_star or box.is_mapping:
                found = join(found, content_of(box))
            else:
                found = join(found, item_of(box, index))
        if isinstance(element, ast.Starred):
            has_star = True
            found = join(found, tuple(boxes))
        assign(run, element, found)


def store_attribute(run: Run, base: Value, name: str, value: Value, node: ast.AST) -> None:
    """Let an attribute be a value; of a handle, that is a write."""
    if not base:
        if is_hot(value):
            run.loose_of(name).add(value, run.growth)
        return
    for atom in base:
        if isinstance(atom, Handle):
            _store_on_handle(run, atom, name, node)
        elif isinstance(atom, Member):
            cls = atom.handle.cls
            if cls.has_handles and atom.name not in cls.values:
                _store_on_handle(run, below(atom.handle, atom.name), name, node)
        elif isinstance(atom, Instance):
            _store_on_object(run, atom, name, value, node)
        else:
            _store_elsewhere(run, atom, name, value, node)


def _store_on_handle(run: Run, handle: Handle, name: str, node: ast.AST) -> None:
    cls = handle.cls
    if name not in cls.local and (name[:1] != "_" or name[:2] == "__"):
        run.write(node, cls.library, f".{name} =", channels_below(handle, name))


def _store_on_object(run: Run, instance: Instance, name: str, value: Value, node: ast.AST) -> None:
    klass = instance.klass
    binding = klass.fields.get(name)
    if binding is None:
        binding = klass.fields[name] = Binding()
    binding.add(value, run.growth)
    for setter in method_of(klass, f"{name}.setter"):
        if isinstance(setter, Function):
            call_function(run, setter, [value], {}, receiver=(instance,))
    call_method(run, instance, "__setattr__", [run.const(name), value])
    for atom in binding.value:
        if isinstance(atom, Instance):
            call_method(run, atom, "__set__", [NOTHING, value])
    handle = klass.handle
    if handle is not None and not handle.cls.has_handles and handle.cls.name and name not in _own_fields(klass):
        _store_on_handle(run, handle, name, node)


def _own_fields(klass: Klass) -> set[str]:
    return set(klass.order)


def _store_elsewhere(run: Run, atom: Atom, name: str, value: Value, node: ast.AST) -> None:
    if isinstance(atom, Lib):
        _store_in_module(run, atom, name, value, node)
    elif isinstance(atom, Klass):
        binding = atom.fields.get(name)
        if binding is None:
            binding = atom.fields[name] = Binding()
        binding.add(value, run.growth)
    elif isinstance(atom, Box):
        slot_of(atom, "." + name).add(value, run.growth)
    elif isinstance(atom, Function | Bound):
        run.extra.setdefault((atom, name), Binding()).add(value, run.growth)


def _store_in_module(run: Run, lib: Lib, name: str, value: Value, node: ast.AST) -> None:
    named = lib.named
    if named.library is not None:
        if named.makes is not None or not named.library.is_network:
            run.danger(node, "tampering", f"changes {lib.path}.{name}")
            run.doubt(node, "tampering", f"changes {lib.path}.{name}, so that names no longer mean what they say")
    elif is_hot(value) or lib.path in ("builtins", "sys", "importlib"):
        run.danger(node, "tampering", f"changes {lib.path}.{name}")
        if is_hot(value):
            run.doubt(node, "tampering", f"puts something that reaches a machine into {lib.path}.{name}")


def store_item(run: Run, base: Value, key: Value, value: Value, node: ast.AST) -> None:
    """Let an item be a value; of a handle, that is a write."""
    if not base:
        if is_hot(value):
            run.loose_of("[]").add(value, run.growth)
        return
    constant = exact(key)
    for atom in base:
        if isinstance(atom, Box):
            (atom.rest if constant is None else slot_of(atom, constant)).add(value, run.growth)
            if key:
                atom.keys.add(key, run.growth)
                atom.is_mapping = atom.is_mapping or isinstance(constant, str)
        elif isinstance(atom, Handle):
            name = constant if isinstance(constant, str) else ""
            channels = channels_below(atom, name or "{...}") if atom.cls.joins is not None else join(key, atom.channels)
            run.write(node, atom.cls.library, "[] =", channels)
        elif isinstance(atom, Member):
            cls = atom.handle.cls
            if cls.has_handles and atom.name not in cls.values:
                run.write(node, cls.library, f".{atom.name}[] =", channels_below(atom.handle, atom.name))
        elif isinstance(atom, Instance):
            call_method(run, atom, "__setitem__", [key, value])
            if atom.klass.handle is not None:
                run.write(node, atom.klass.handle.cls.library, "[] =", atom.klass.handle.channels)
        elif isinstance(atom, Namespace):
            _store_in_namespace(run, atom, key, value, node)


def _store_in_namespace(run: Run, space: Namespace, key: Value, value: Value, node: ast.AST) -> None:
    owner = space.owner
    names = texts_of(key)
    if isinstance(owner, Scope):
        for name in names:
            owner.binding(name).add(value, run.growth)
        if not names and is_hot(value):
            run.doubt(node, "dynamic name", "sets a name that is worked out while it runs")
    elif isinstance(owner, Klass):
        for name in names:
            owner.fields.setdefault(name, Binding()).add(value, run.growth)
    elif isinstance(owner, Handle):
        _store_on_handle(run, owner, names[0] if names else "{...}", node)
    else:
        run.danger(node, "tampering", "changes what a module holds")
        run.doubt(node, "tampering", "changes what a module holds, so that names no longer mean what they say")


def delete(run: Run, target: ast.expr) -> None:
    """Delete a target; below a handle, that is a write."""
    if isinstance(target, ast.Tuple | ast.List):
        for element in target.elts:
            delete(run, element)
    elif isinstance(target, ast.Attribute | ast.Subscript):
        name = f".{target.attr}" if isinstance(target, ast.Attribute) else "[]"
        for atom in run.evaluate(target.value):
            if isinstance(atom, Handle):
                run.write(target, atom.cls.library, f"del {name}", atom.channels)
            elif isinstance(atom, Lib) and atom.named.library is not None:
                run.doubt(target, "tampering", f"deletes {atom.path}{name}")
            elif isinstance(atom, Instance):
                call_method(run, atom, "__delattr__" if name[0] == "." else "__delitem__", [])
