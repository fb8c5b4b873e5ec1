"""One analysis under way: the names of the program, and what was found in it so far."""

from __future__ import annotations

import ast
import builtins
import time
from collections.abc import Callable
from typing import Any, Final, TypeVar

from osprey.services.python_executor.analysis.constants import ClueFinder
from osprey.services.python_executor.analysis.libraries import Tables
from osprey.services.python_executor.analysis.report import Access, Remark
from osprey.services.python_executor.analysis.scopes import Binding, Growth, Scope
from osprey.services.python_executor.analysis.values import (
    NOTHING,
    Atom,
    Box,
    Const,
    Function,
    Glob,
    IntricateError,
    Klass,
    Lib,
    Value,
)

_BUILTINS: Final = frozenset(dir(builtins))
A = TypeVar("A", bound=Atom)
_COLLECTING_PASSES: Final = 3
_MOST_STEPS: Final = 100_000
_LONGEST_S: Final = 2.0
"""An analysis that takes longer ends as "cannot tell"."""
_MOST_CHANNELS: Final = 12
EVALUATORS: Final[dict[type[ast.AST], Callable[[Run, Any], Value]]] = {}
"""Kind of expression -> what gives its value; `expressions` fills it."""
EXECUTORS: Final[dict[type[ast.AST], Callable[[Run, Any], None]]] = {}
"""Kind of statement -> what goes through it; `statements` fills it."""
_ENDINGS: Final = (ast.Return, ast.Raise, ast.Break, ast.Continue)
DEEPEST_TEXT: Final = 4
"""How many texts within texts are followed (`exec` of a constant that holds an `exec`)."""


class Run:
    """The state of one analysis. Expressions, calls and statements work on it."""

    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.growth = Growth()
        self.module = Scope(None)
        self.scope = self.module
        self.function: Function | None = None
        self.sites: dict[ast.AST, Any] = {}
        self.functions: list[Function] = []
        self.waiting: list[Function] = []
        self.stars: list[str] = []
        self.loose: dict[str, Binding] = {}
        """What was put under an attribute of something that is not known."""
        self.extra: dict[tuple[object, str], Binding] = {}
        self.is_armed = False
        """True once anything is seen that can reach a machine or hide code; until then one pass is enough."""
        self.is_everything_live = False
        self.is_dead = False
        self.pass_number = 0
        self.line_above: int | None = None
        self.depth = 0
        self.endless = 0
        self.steps = 0
        self._deadline = time.monotonic() + _LONGEST_S
        self._atoms: dict[tuple[Any, ...], Any] = {}
        self._consts: dict[tuple[type, Any], tuple[Const]] = {}
        self._unbound: dict[str, Value] = {}
        self._clues = ClueFinder()
        self.writes: dict[Access, None] = {}
        self.reads: dict[Access, None] = {}
        self.unused: dict[Access, None] = {}
        self.doubts: dict[Remark, None] = {}
        self.dangers: dict[Remark, None] = {}

    def evaluate(self, node: ast.expr) -> Value:
        """Give what an expression can be, and tell what it does."""
        return EVALUATORS[type(node)](self, node)

    def execute(self, body: list[ast.stmt]) -> None:
        """Go through statements, up to one after which none of them is reached."""
        for statement in body:
            EXECUTORS[type(statement)](self, statement)
            if isinstance(statement, _ENDINGS):
                return

    def begin_pass(self) -> None:
        """Forget what was found, but not what names can be."""
        self.pass_number += 1
        self.growth.happened = False
        self.growth.is_late = self.pass_number > _COLLECTING_PASSES
        for found in (self.writes, self.reads, self.doubts, self.dangers):
            found.clear()
        self.scope, self.function, self.endless = self.module, None, 0

    def const(self, value: str | float | bytes) -> Value:
        """Give the atom of a constant; what a constant itself gives away is told."""
        key = (type(value), value)
        found = self._consts.get(key)
        if found is None:
            found = self._consts[key] = (Const(value),)
        return found

    def once(self, kind: Callable[..., A], *parts: Any) -> A:
        """Give the same atom for the same parts in each pass, so that the passes come to an end."""
        key = (kind, *parts)
        found = self._atoms.get(key)
        if found is None:
            found = self._atoms[key] = kind(*parts)
        return found

    def at(self, node: object, kind: Callable[..., A], *parts: Any) -> A:
        """Give the atom that a place in the program makes, with what it is made of now."""
        found = self._atoms.get((kind, node))
        if found is None:
            found = self._atoms[kind, node] = kind(*parts)
        else:
            found.__init__(*parts)
        return found

    def step(self) -> None:
        """Count work; a program that takes too much of it cannot be told."""
        self.steps += 1
        if self.steps > _MOST_STEPS or (self.steps % 64 == 0 and time.monotonic() > self._deadline):
            raise IntricateError

    def look_at_text(self, node: ast.AST, text: str) -> None:
        """Tell what a constant text gives away, such as the path of a secret."""
        clue = self._clues.find(text)
        if clue is not None:
            kind, message, hides = clue
            self.danger(node, kind, message)
            if hides:
                self.doubt(node, kind, message)

    def unbound(self, name: str) -> Value:
        """Give what a name is that nothing in the program sets."""
        found = self._unbound.get(name)
        if found is None:
            found = self._unbound[name] = self._find_unbound(name)
        return found

    def _find_unbound(self, name: str) -> Value:
        for module in reversed(self.stars):
            return (self.tables.lib(f"{module}.{name}"),) if name not in _BUILTINS else self._builtin(name)
        if name in _BUILTINS:
            return self._builtin(name)
        if name in ("__builtins__", "__loader__"):
            self.is_armed = True
            return (self.tables.lib("builtins" if name == "__builtins__" else "importlib.machinery.loader"),)
        if name == "get_ipython":
            self.is_armed = True
            return (self.tables.lib("IPython.get_ipython"),)
        if name in self.tables.bare:
            self.is_armed = True
            return (self.tables.lib(self.tables.bare[name]),)
        return NOTHING

    def _builtin(self, name: str) -> Value:
        return (self.tables.lib(f"builtins.{name}"),)

    def imported(self, path: str) -> Value:
        """Give the atom of what an import names."""
        lib = self.tables.lib(path)
        self.notice(lib)
        return (lib,)

    def notice(self, lib: Lib) -> None:
        """Remember if something can reach a machine or hide code."""
        named = lib.named
        if (
            named.library is not None
            or named.is_unknown
            or (named.danger is not None and named.danger.hides)
            or self.tables.is_control(lib.path)
        ):
            self.is_armed = True

    def use(self, atom: Function | Klass) -> None:
        """Let a function or class count as used: what it does may happen."""
        if type(atom) is Function:
            if not atom.is_live:
                atom.is_live = True
                self.waiting.append(atom)
        elif isinstance(atom, Klass):
            for binding in atom.methods.values():
                for method in binding.value:
                    if isinstance(method, Function):
                        self.use(method)

    def line(self, node: ast.AST) -> int:
        """Give the line to show for a node."""
        return self.line_above if self.line_above is not None else getattr(node, "lineno", 0)

    def write(self, node: ast.AST, library: str, call: str, channels: Value = NOTHING) -> None:
        """Tell of a write."""
        access = Access(line=self.line(node), library=library, call=call, channel=channel_text(channels))
        (self.unused if self.is_dead else self.writes)[access] = None

    def read(self, node: ast.AST, library: str, call: str, channels: Value = NOTHING) -> None:
        """Tell of a read."""
        if not self.is_dead:
            access = Access(line=self.line(node), library=library, call=call, channel=channel_text(channels))
            self.reads[access] = None

    def doubt(self, node: ast.AST, kind: str, message: str) -> None:
        """Tell why it cannot be told."""
        if not self.is_dead:
            self.doubts[Remark(line=self.line(node), kind=kind, message=message)] = None

    def danger(self, node: ast.AST, kind: str, message: str) -> None:
        """Tell of something that a reviewer should look at."""
        if not self.is_dead:
            self.dangers[Remark(line=self.line(node), kind=kind, message=message)] = None

    def loose_of(self, name: str) -> Binding:
        """Give what was put under a name of things that are not known."""
        found = self.loose.get(name)
        if found is None:
            found = self.loose[name] = Binding()
        return found


def channel_text(channels: Value) -> str | None:
    """Give channels as they are shown; None if none is known."""
    names: dict[str, None] = {}
    _collect(channels, names, 0)
    if not names:
        return None
    shown = list(names)[:_MOST_CHANNELS]
    return ", ".join(shown) + (", ..." if len(names) > _MOST_CHANNELS else "")


def _collect(value: Value, names: dict[str, None], depth: int) -> None:
    for atom in value:
        if isinstance(atom, Const):
            if isinstance(atom.value, str) and atom.value:
                names[atom.value] = None
        elif isinstance(atom, Glob):
            names[atom.text] = None
        elif isinstance(atom, Box) and depth < 2:
            _collect(atom.keys.value, names, depth + 1)
            if atom.is_mapping:
                continue
            for binding in (*list(atom.slots.values())[: 1 if depth else None], atom.rest):
                _collect(binding.value, names, depth + 1)
