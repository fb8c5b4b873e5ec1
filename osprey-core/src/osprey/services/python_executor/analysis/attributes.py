"""What is below something: attributes, items, elements, and the double-underscore methods of the program's own classes."""

from __future__ import annotations

import ast
import re
from typing import Any, Final

from osprey.services.python_executor.analysis.boxes import content_of, item_of, view_of
from osprey.services.python_executor.analysis.constants import FOLDED, exact
from osprey.services.python_executor.analysis.functions import call_function
from osprey.services.python_executor.analysis.run import Run
from osprey.services.python_executor.analysis.scopes import Binding, Scope
from osprey.services.python_executor.analysis.values import (
    ANY,
    NOTHING,
    Atom,
    Bound,
    Box,
    BoxMethod,
    Const,
    Function,
    Getter,
    Glob,
    Handle,
    Instance,
    Klass,
    Lib,
    Member,
    Namespace,
    Partial,
    Super,
    TextMethod,
    TypeOf,
    Value,
    join,
    texts_of,
)

_ITSELF: Final = frozenset({"__call__", "__func__", "__wrapped__", "__get__"})
_TOLD: Final = frozenset({"__name__", "__doc__", "__version__", "__file__", "__module__", "__qualname__", "__path__"})
_ASKING: Final = frozenset({"__getattribute__", "__getattr__"})
WRITING: Final = re.compile(
    r"^_*(async_?)?(p?v?put|set(?![a-z]*_?time)|write|command|move|send|stop|go\b|kick|tweak|trigger|stage|jog|publish|"
    r"On$|Off$|Reset|Init|Start|call_method|__setattr__|__setitem__)"
)
"""How methods that change something are called; used only where a name stands for a value as often as for a method."""
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


def attributes(run: Run, base: Value, name: str, node: ast.AST, *, is_called: bool) -> Value:
    """Give what an attribute of a value can be."""
    if name in run.tables.reaching:
        run.doubt(node, "hidden code", f"reaches through {name}")
        run.is_armed = True
    if not base:
        loose = run.loose.get(name)
        return loose.read() if loose is not None else NOTHING
    found: Value = NOTHING
    for atom in base:
        one = attribute(run, atom, name, node, is_called=is_called)
        if one:
            found = join(found, one) if found else one
    return found


def attribute(run: Run, atom: Atom, name: str, node: ast.AST, *, is_called: bool) -> Value:
    """Give what an attribute of one atom can be."""
    kind = type(atom)
    if kind is Lib:
        return _of_lib(run, atom, name)  # pyright: ignore[reportArgumentType]
    if isinstance(atom, Handle):
        return _of_handle(run, atom, name, node, is_called)
    if isinstance(atom, Instance):
        return _of_instance(run, atom, name, node, is_called)
    if isinstance(atom, Box):
        own = atom.slots.get("." + name)
        return (*(own.read() if own is not None else NOTHING), run.once(BoxMethod, atom, name))
    if isinstance(atom, Const | Glob):
        return (run.once(TextMethod, atom, name),) if name in FOLDED and not isinstance(getattr(atom, "value", ""), int) else NOTHING
    if isinstance(atom, Member):
        return _of_member(run, atom, name, node, is_called)
    return _of_rare(run, atom, name, node)


def _of_lib(run: Run, lib: Lib, name: str) -> Value:
    if name[:2] == "__":
        if name == "__dict__":
            return (run.once(Namespace, lib),)
        if name in _ITSELF:
            return (lib,)
        if name in _TOLD:
            return NOTHING
        if name in _ASKING:
            return (run.at(lib, Partial, run.unbound("getattr"), [(lib,)], {}),)
    if lib.path == "sys" and name == "modules":
        run.is_armed = True
        return (run.once(Namespace, None),)
    found = run.tables.member(lib, name)
    run.notice(found[0])
    return found


def member_of(handle: Handle, name: str) -> tuple[Member]:
    """Give an attribute of a handle."""
    found = handle.members.get(name)
    if found is None:
        found = handle.members[name] = (Member(handle, name),)
    return found


def _of_handle(run: Run, handle: Handle, name: str, node: ast.AST, is_called: bool) -> Value:
    if name == "__class__":
        return (run.once(TypeOf, handle),)
    if name == "__dict__":
        return (run.once(Namespace, handle),)
    if name in _ASKING:
        return (run.at(handle, Partial, run.unbound("getattr"), [(handle,)], {}),)
    cls = handle.cls
    given = cls.given(name)
    if given is not None and not is_called and name not in cls.calls.reads:
        return (below(handle, name),)
    if not is_called and name not in cls.calls.reads and not WRITING.match(name):
        run.read(node, cls.library, name, channels_below(handle, name))
    return member_of(handle, name)


def below(handle: Handle, name: str) -> Handle:
    """Give the handle that an attribute of a handle is."""
    (member,) = member_of(handle, name)
    if member.below is None:
        member.below = Handle(handle.cls.given(name) or handle.cls)
        member.below.channels = handle.channels
        member.below.parent = (handle, name)
    return member.below


def channels_below(handle: Handle, name: str) -> Value:
    """Give the channels that an attribute of a handle stands for."""
    joins = handle.cls.joins
    if joins is None:
        return handle.channels
    return tuple(Glob(text + joins + name) for text in _shown(handle.channels))


def _shown(value: Value) -> list[str]:
    return [*texts_of(value), *(atom.text for atom in value if isinstance(atom, Glob))]


def _of_member(run: Run, member: Member, name: str, node: ast.AST, is_called: bool) -> Value:
    if name in _ITSELF:
        return (member,)
    if name == "__self__":
        return (member.handle,)
    cls = member.handle.cls
    if cls.has_handles and member.name not in cls.values and member.name not in cls.calls.reads:
        return _of_handle(run, below(member.handle, member.name), name, node, is_called)
    return NOTHING


def method_of(klass: Klass, name: str) -> Value:
    """Give a method of a class or of the classes below it."""
    own = klass.methods.get(name)
    if own is not None:
        return own.read()
    for base in klass.bases:
        found = method_of(base, name)
        if found:
            return found
    return NOTHING


def _of_instance(run: Run, instance: Instance, name: str, node: ast.AST, is_called: bool) -> Value:
    klass = instance.klass
    if name == "__class__":
        return (klass,)
    if name == "__dict__":
        return (run.once(Namespace, klass),)
    field = klass.fields.get(name)
    found = field.read() if field is not None else NOTHING
    for atom in method_of(klass, name):
        found = join(found, _bound(run, atom, (instance,), is_raw=False))
    if not found and klass.handle is not None:
        found = _of_handle(run, klass.handle, name, node, is_called)
    if not found:
        for atom in method_of(klass, "__getattr__"):
            if isinstance(atom, Function):
                found = join(found, call_function(run, atom, [run.const(name)], {}, receiver=(instance,)))
    if field is None and not found:
        klass.fields[name] = Binding()
        klass.fields[name].was_read = True
        loose = run.loose.get(name)
        return loose.read() if loose is not None else NOTHING
    return found


def _bound(run: Run, atom: Atom, receiver: Value, *, is_raw: bool) -> Value:
    if not isinstance(atom, Function):
        return (atom,)
    run.use(atom)
    if atom.is_property:
        return call_function(run, atom, [], {}, receiver=receiver)
    if is_raw or not atom.is_method:
        return (atom,)
    cached = run.sites.get((atom, receiver))  # pyright: ignore[reportArgumentType, reportCallIssue]
    if cached is None:
        cached = Bound(atom, receiver)
        run.sites[(atom, receiver)] = cached  # pyright: ignore[reportArgumentType]
    return (cached,)


def _of_rare(run: Run, atom: Atom, name: str, node: ast.AST) -> Value:
    if isinstance(atom, Klass):
        field = atom.fields.get(name)
        found = field.read() if field is not None else NOTHING
        for method in method_of(atom, name):
            found = join(found, _bound(run, method, NOTHING, is_raw=True))
        return join(found, member_of(atom.handle, name)) if not found and atom.handle is not None else found
    if isinstance(atom, Super):
        return _of_super(run, atom.klass, name)
    if isinstance(atom, Function | Bound):
        if name in _ITSELF:
            return (atom,)
        if name == "__self__" and isinstance(atom, Bound):
            return atom.receiver
        extra = run.extra.get((atom, name))
        return extra.read() if extra is not None else NOTHING
    if isinstance(atom, Partial):
        if name == "func":
            return atom.target
        return (atom,) if name in _ITSELF else NOTHING
    if isinstance(atom, Namespace):
        return (run.at((atom, name), Getter, f"namespace.{name}", (atom,), [], {}),)
    if isinstance(atom, BoxMethod) and name in _ITSELF:
        return (atom,)
    return NOTHING


def _of_super(run: Run, klass: Klass, name: str) -> Value:
    found: Value = NOTHING
    for base in klass.bases:
        for atom in method_of(base, name):
            found = join(found, _bound(run, atom, (klass.instance,), is_raw=False))
    if not found and klass.handle is not None and name not in ("__init__", "__new__", "__init_subclass__", "__post_init__"):
        return member_of(klass.handle, name)
    return found


def items(run: Run, base: Value, key: Value, node: ast.AST, *, is_slice: bool) -> Value:
    """Give what `base[key]` can be."""
    found: Value = NOTHING
    constant = exact(key)
    for atom in base:
        if isinstance(atom, Box):
            found = join(found, (atom,) if is_slice else item_of(atom, constant))
        elif isinstance(atom, Handle):
            if atom.cls.has_values_as_items:
                run.read(node, atom.cls.library, "[]", channels_below(atom, constant if isinstance(constant, str) else "{...}"))
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


def unknown_key(key: Value) -> Any:
    """Give the constant that a key is, else None."""
    return exact(key)
