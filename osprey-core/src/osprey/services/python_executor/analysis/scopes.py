"""Names and what they can be."""

from __future__ import annotations

from typing import Final

from osprey.services.python_executor.analysis.values import ANY, NOTHING, Atom, Const, Glob, Value, join


class Growth:
    """Whether anything that was already looked at became more: then the program is gone through once more."""

    __slots__ = ("happened", "is_late")

    def __init__(self) -> None:
        self.happened = False
        self.is_late = False
        """After some passes no further texts are collected: what still grows is unknown."""


_SILENT: Final = Growth()


class Binding:
    """What one name, attribute or result can be, wherever it is set."""

    __slots__ = ("is_unknown", "value", "was_read")

    def __init__(self) -> None:
        self.value: Value = NOTHING
        self.is_unknown = False
        self.was_read = False

    def add(self, value: Value, growth: Growth = _SILENT) -> None:
        """Let it be this, too."""
        if not value:
            self.is_unknown = True
            if not self.value or not _has_constant(self.value):
                return
            value = (ANY,)
        elif self.is_unknown and _has_constant(value):
            value = join(value, (ANY,))
        elif value is self.value:
            return
        if growth.is_late:
            value = _widened(self.value, value)
        joined = join(self.value, value)
        if len(joined) > len(self.value):
            self.value = joined
            if self.was_read:
                growth.happened = True

    def read(self) -> Value:
        """Give what it can be."""
        self.was_read = True
        return self.value


def _widened(known: Value, value: Value) -> Value:
    return tuple(ANY if isinstance(atom, Const | Glob) and atom not in known else atom for atom in value)


def _has_constant(value: Value) -> bool:
    for atom in value:  # noqa: SIM110  a generator costs more, and this is asked for every assignment
        if type(atom) is Const:
            return True
    return False


class Scope:
    """The names of a module, class or function."""

    __slots__ = ("bindings", "elsewhere", "is_class", "klass", "parent", "self_atoms")

    def __init__(self, parent: Scope | None, *, is_class: bool = False) -> None:
        self.parent = parent
        self.bindings: dict[str, Binding] = {}
        self.elsewhere: dict[str, Scope] = {}
        self.is_class = is_class
        self.klass: Atom | None = parent.klass if parent is not None else None
        self.self_atoms: Value = NOTHING

    def binding(self, name: str) -> Binding:
        """Give the binding that an assignment to `name` in this scope is about."""
        if self.elsewhere and name in self.elsewhere:
            return self.elsewhere[name].binding(name)
        found = self.bindings.get(name)
        if found is None:
            found = self.bindings[name] = Binding()
        return found

    def find(self, name: str) -> Binding | None:
        """Give the binding that reading `name` in this scope is about."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.bindings.get(name)
            if found is not None and (scope is self or not scope.is_class):
                return found
            scope = scope.parent
        return None
