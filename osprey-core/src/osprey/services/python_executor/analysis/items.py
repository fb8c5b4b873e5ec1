"""What is in something: items, elements, names, and the double-underscore methods of the program's own classes."""

from __future__ import annotations

import ast
from typing import Final

from osprey.services.python_executor.analysis.attributes import attribute, below, channels_below, method_of
from osprey.services.python_executor.analysis.boxes import content_of, item_of, view_of
from osprey.services.python_executor.analysis.constants import exact
from osprey.services.python_executor.analysis.functions import call_function
from osprey.services.python_executor.analysis.run import Run
from osprey.services.python_executor.analysis.scopes import Scope
from osprey.services.python_executor.analysis.values import (
    ANY,
    NOTHING,
    Box,
    Function,
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

_OPERATORS: Final[dict[type[ast.AST], tuple[str, ...]]] = {
    ast.Add: ("__add__", "__radd__", "__iadd__"),
    ast.Sub: ("__sub__", "__rsub__", "__isub__"),
    ast.Mult: ("__mul__", "__rmul__", "__imul__"),
    ast.MatMult: ("__matmul__", "__rmatmul__", "__imatmul__"),
    ast.Div: ("__truediv__", "__rtruediv__", "__itruediv__"),
    ast.FloorDiv: ("__floordiv__", "__rfloordiv__", "__ifloordiv__"),
    ast.Mod: ("__mod__", "__rmod__", "__imod__"),
    ast.Pow: ("__pow__", "__rpow__", "__ipow__"),
    ast.LShift: ("__lshift__", "__rlshift__", "__ilshift__"),
    ast.RShift: ("__rshift__", "__rrshift__", "__irshift__"),
    ast.BitOr: ("__or__", "__ror__", "__ior__"),
    ast.BitXor: ("__xor__", "__rxor__", "__ixor__"),
    ast.BitAnd: ("__and__", "__rand__", "__iand__"),
    ast.Invert: ("__invert__",),
    ast.UAdd: ("__pos__",),
    ast.USub: ("__neg__",),
    ast.Not: ("__bool__", "__len__"),
    ast.Eq: ("__eq__",),
    ast.NotEq: ("__ne__", "__eq__"),
    ast.Lt: ("__lt__", "__gt__"),
    ast.LtE: ("__le__", "__ge__"),
    ast.Gt: ("__gt__", "__lt__"),
    ast.GtE: ("__ge__", "__le__"),
    ast.In: ("__contains__",),
    ast.NotIn: ("__contains__",),
}


def items(run: Run, base: Value, key: Value, node: ast.AST, *, is_slice: bool) -> Value:
    """Give what `base[key]` can be."""
    found: Value = NOTHING
    constant = exact(key)
    for atom in base:
        if isinstance(atom, Box):
            found = join(found, (atom,) if is_slice else item_of(atom, constant))
        elif isinstance(atom, Handle):
            if atom.cls.has_values_as_items:
                run.read(
                    node,
                    atom.cls.library,
                    "[]",
                    channels_below(atom, constant if isinstance(constant, str) else "{...}"),
                )
            else:
                found = join(found, (atom,))
        elif isinstance(atom, Member):
            cls = atom.handle.cls
            if cls.has_handles and atom.name not in cls.values:
                found = join(found, (below(atom.handle, atom.name),))
        elif isinstance(atom, Namespace):
            found = join(found, in_namespace(run, atom, key, node))
        elif isinstance(atom, Instance):
            found = join(found, call_method(run, atom, "__getitem__", [key]))
            if atom.klass.handle is not None:
                found = join(found, (atom.klass.handle,))
        elif isinstance(atom, Klass):
            found = join(found, _fields(atom))
    return found


def in_namespace(run: Run, space: Namespace, key: Value, node: ast.AST) -> Value:
    """Give what a name in a namespace can be; a name that is not known is a doubt if it could reach a machine."""
    names = texts_of(key)
    if not names or ANY in key:
        run.is_everything_live = True
        if space.owner is None or isinstance(space.owner, Handle) or (isinstance(space.owner, Scope) and run.is_armed):
            run.doubt(node, "dynamic name", "looks up a name that is worked out while it runs")
        elif isinstance(space.owner, Lib) and can_reach(space.owner):
            run.doubt(node, "dynamic name", f"looks up a name in {space.owner.path} that is worked out while it runs")
    found: Value = NOTHING
    for name in names:
        found = join(found, _named_in(run, space, name, node))
    return found


def _named_in(run: Run, space: Namespace, name: str, node: ast.AST) -> Value:
    owner = space.owner
    if owner is None:
        return run.imported(name)
    if isinstance(owner, Scope):
        binding = owner.find(name)
        value = binding.read() if binding is not None else run.unbound(name)
        for atom in value:
            if isinstance(atom, Function | Klass):
                run.use(atom)
        return value
    return attribute(run, owner, name, node, is_called=True)


def can_reach(lib: Lib) -> bool:
    """Say whether something in a module can reach a machine, other processes or hidden code."""
    root = lib.path.partition(".")[0]
    reaching = ("os", "subprocess", "builtins", "ctypes", "importlib", "sys", "posix", "socket", "pty", "code", "runpy")
    return lib.named.library is not None or lib.named.is_unknown or root in reaching


def elements(run: Run, value: Value, node: ast.AST) -> Value:
    """Give what going through a value yields."""
    if not value:
        loose = run.loose.get("[]")
        return loose.read() if loose is not None else NOTHING
    run.step()
    found: Value = NOTHING
    for atom in value:
        if isinstance(atom, Box):
            found = join(found, atom.keys.read() if atom.is_mapping else content_of(atom))
        elif isinstance(atom, Handle):
            found = join(found, (atom,))
        elif isinstance(atom, Member):
            cls = atom.handle.cls
            if cls.has_handles and atom.name not in cls.values:
                found = join(found, (below(atom.handle, atom.name),))
        elif isinstance(atom, Instance):
            if not method_of(atom.klass, "__iter__"):
                found = join(found, _fields(atom.klass))
            for name in ("__iter__", "__next__", "__getitem__", "__aiter__", "__anext__"):
                given = call_method(run, atom, name, [])
                found = join(found, given)
                if given and name == "__iter__" and given != (atom,):
                    found = join(found, elements(run, given, node))
        elif isinstance(atom, Klass):
            found = join(found, _fields(atom))
        elif isinstance(atom, Namespace) and can_be_listed(atom):
            run.doubt(node, "dynamic name", "goes through the names of a module")
    return found


def can_be_listed(space: Namespace) -> bool:
    """Say whether going through a namespace gives what can reach a machine."""
    return isinstance(space.owner, Lib | Handle) and (not isinstance(space.owner, Lib) or can_reach(space.owner))


def _fields(klass: Klass) -> Value:
    found: Value = NOTHING
    for binding in klass.fields.values():
        found = join(found, binding.read())
    return found


def call_method(run: Run, instance: Instance, name: str, args: list[Value]) -> Value:
    """Call a method of one of the program's own objects, if it has it."""
    run.step()
    found: Value = NOTHING
    for atom in method_of(instance.klass, name):
        if isinstance(atom, Function):
            found = join(found, call_function(run, atom, args, {}, receiver=(instance,)))
    return found


def dunder(run: Run, instance: Instance, operator: ast.AST, args: list[Value]) -> Value:
    """Give what an operator on one of the program's own objects gives."""
    found: Value = NOTHING
    for name in _OPERATORS.get(type(operator), ()):
        found = join(found, call_method(run, instance, name, args))
    return found


def view(run: Run, box: Box, name: str) -> Value:
    """Give a view of a container as a value."""
    return (view_of(run, box, name),)


def entered(run: Run, value: Value) -> Value:
    """Give what `with value as x` binds."""
    found: Value = value
    for atom in value:
        if isinstance(atom, Box):
            found = join(found, content_of(atom))
        elif isinstance(atom, Instance):
            for name in ("__enter__", "__aenter__"):
                found = join(found, call_method(run, atom, name, []))
            for name in ("__exit__", "__aexit__"):
                call_method(run, atom, name, [])
    return found
