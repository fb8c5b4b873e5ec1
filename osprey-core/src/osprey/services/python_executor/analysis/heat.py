"""What must not be lost sight of: whatever can reach a machine once someone else holds it."""

from __future__ import annotations

from osprey.services.python_executor.analysis.attributes import WRITING
from osprey.services.python_executor.analysis.boxes import flat
from osprey.services.python_executor.analysis.values import (
    NOTHING,
    Atom,
    Const,
    Handle,
    Instance,
    Klass,
    Lib,
    Member,
    Namespace,
    Partial,
    Value,
    join,
)


def is_hot(value: Value) -> bool:
    """Say whether anything in a value can reach a machine."""
    return bool(value) and any(writes_when_called(atom) or holds_machine(atom) for atom in flat(value))


def writes_when_called(atom: Atom) -> bool:
    """Say whether calling it may write."""
    if type(atom) is Const:
        return False
    if isinstance(atom, Lib):
        named = atom.named
        if named.library is not None:
            return named.writes and not named.leaf.isupper() and named.leaf not in named.library.calls.reads
        return named.danger is not None and named.danger.hides
    if isinstance(atom, Member):
        cls = atom.handle.cls
        if atom.name in cls.calls.reads or atom.name in cls.values:
            return False
        return WRITING.match(atom.name) is not None or (
            cls.has_handles and bool(cls.name) and not atom.name[:1].islower()
        )
    if isinstance(atom, Partial):
        return is_hot(atom.target)
    return False


def holds_machine(atom: Atom) -> bool:
    """Say whether it stands for something on a machine, so that whoever holds it can write."""
    if type(atom) is Const:
        return False
    if isinstance(atom, Handle):
        return "no such method" not in atom.cls.calls.reads
    if isinstance(atom, Lib):
        return atom.named.is_module and atom.named.library is not None and not atom.named.library.is_network
    if isinstance(atom, Instance | Klass):
        return (atom.klass if isinstance(atom, Instance) else atom).handle is not None
    if isinstance(atom, Namespace):
        return isinstance(atom.owner, Handle) or (isinstance(atom.owner, Lib) and atom.owner.named.library is not None)
    return False


def callables(values: list[Value]) -> Value:
    """Give what among values can be called and is known to write."""
    found: Value = NOTHING
    for value in values:
        if value:
            found = join(found, tuple([atom for atom in flat(value) if writes_when_called(atom)]))
    return found


def holders(values: list[Value]) -> Value:
    """Give what among values stands for something on a machine."""
    found: Value = NOTHING
    for value in values:
        if value:
            found = join(found, tuple([atom for atom in flat(value) if holds_machine(atom)]))
    return found
