"""What an attribute of something can be."""

from __future__ import annotations

import ast
import re
from typing import Final

from osprey.services.python_executor.analysis.constants import FOLDED
from osprey.services.python_executor.analysis.functions import call_function
from osprey.services.python_executor.analysis.run import Run
from osprey.services.python_executor.analysis.scopes import Binding
from osprey.services.python_executor.analysis.values import (
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
_OURS: Final = frozenset({"osprey", "osprey_guest"})
WRITING: Final = re.compile(
    r"^_*(async_?)?(p?v?put|set(?![a-z]*_?time)|write|command|move|send|stop|go\b|kick|tweak|trigger|stage|jog|publish|"
    r"On$|Off$|Reset|Init|Start|call_method|__setattr__|__setitem__)"
)
"""How methods that change something are called; used only where a name stands for a value as often as for a method."""


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
        return _of_lib(run, atom, name, node)  # pyright: ignore[reportArgumentType]
    if isinstance(atom, Handle):
        return _of_handle(run, atom, name, node, is_called)
    if isinstance(atom, Instance):
        return _of_instance(run, atom, name, node, is_called)
    if isinstance(atom, Box):
        own = atom.slots.get("." + name)
        return (*(own.read() if own is not None else NOTHING), run.once(BoxMethod, atom, name))
    if isinstance(atom, Const | Glob):
        return (
            (run.once(TextMethod, atom, name),)
            if name in FOLDED and not isinstance(getattr(atom, "value", ""), int)
            else NOTHING
        )
    if isinstance(atom, Member):
        return _of_member(run, atom, name, node, is_called)
    return _of_rare(run, atom, name, node)


def _of_lib(run: Run, lib: Lib, name: str, node: ast.AST) -> Value:
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
    if name[:1] == "_" and lib.path.partition(".")[0] in _OURS:
        run.doubt(node, "tampering", f"takes {lib.path}.{name}, which is the runtime's own")
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
    if (
        not found
        and klass.handle is not None
        and name not in ("__init__", "__new__", "__init_subclass__", "__post_init__")
    ):
        return member_of(klass.handle, name)
    return found
