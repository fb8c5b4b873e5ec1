"""What an expression can be: a few atoms, joined without regard to the order in which a program runs.

A value is a tuple of atoms; the empty one says that nothing is known and nothing matters. An analysis only ever adds.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from osprey.services.python_executor.analysis.libraries import HandleClass, Named
    from osprey.services.python_executor.analysis.scopes import Scope

_MOST_ATOMS: Final = 250
_MOST_TEXTS: Final = 96
"""Beyond so many possible constants a value is unknown; longer channel lists are shown in part."""


class IntricateError(Exception):
    """A program is too intricate to be followed."""


class Atom:
    """One thing that a value can be."""

    __slots__ = ()


Value: TypeAlias = tuple[Atom, ...]
NOTHING: Final[Value] = ()


class Unknown(Atom):
    """Something that may be anything, beside what is known."""

    __slots__ = ()


ANY: Final = Unknown()


class Const(Atom):
    """A text, number or bytes that stands in the program or follows from what stands there."""

    __slots__ = ("value",)

    def __init__(self, value: str | int | float | bytes) -> None:
        self.value = value


class Glob(Atom):
    """A text that is known in part; the rest stands in braces."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


class Lib(Atom):
    """A module, or something in one, by its full dotted name."""

    __slots__ = ("members", "named", "path")

    def __init__(self, path: str, named: Named) -> None:
        self.path = path
        self.named = named
        self.members: dict[str, tuple[Lib]] = {}


class Handle(Atom):
    """An object of a control library that stands for something on a machine."""

    __slots__ = ("channels", "cls", "members", "parent")

    def __init__(self, cls: HandleClass) -> None:
        self.cls = cls
        self.channels: Value = NOTHING
        self.members: dict[str, tuple[Member]] = {}
        self.parent: tuple[Handle, str] | None = None


class Member(Atom):
    """An attribute of a handle: a method, a value, or a handle below it."""

    __slots__ = ("below", "handle", "name")

    def __init__(self, handle: Handle, name: str) -> None:
        self.handle = handle
        self.name = name
        self.below: Handle | None = None


class Function(Atom):
    """A function or lambda of the program."""

    __slots__ = (
        "box",
        "done_in",
        "is_live",
        "is_method",
        "is_property",
        "is_running",
        "keyword_rest",
        "klass",
        "node",
        "params",
        "rest",
        "returns",
        "scope",
    )

    def __init__(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, scope: Scope) -> None:
        from osprey.services.python_executor.analysis.scopes import Binding

        self.node = node
        self.scope = scope
        self.returns = Binding()
        arguments = node.args
        self.params = [arg.arg for arg in (*arguments.posonlyargs, *arguments.args)]
        self.rest = Box() if arguments.vararg else None
        self.keyword_rest = Box() if arguments.kwarg else None
        self.box: Box | None = None
        self.klass: Klass | None = None
        self.is_method = False
        self.is_property = False
        self.is_live = False
        self.is_running = False
        self.done_in = -1


class Bound(Atom):
    """A function with its first argument."""

    __slots__ = ("function", "receiver")

    def __init__(self, function: Function, receiver: Value) -> None:
        self.function = function
        self.receiver = receiver


class Klass(Atom):
    """A class of the program, and all its objects at once."""

    __slots__ = ("bases", "fields", "handle", "instance", "methods", "order")

    def __init__(self) -> None:
        from osprey.services.python_executor.analysis.scopes import Binding

        self.fields: dict[str, Binding] = {}
        self.methods: dict[str, Binding] = {}
        self.bases: tuple[Klass, ...] = ()
        self.handle: Handle | None = None
        self.order: list[str] = []
        self.instance = Instance(self)


class Instance(Atom):
    """Any object of a class of the program."""

    __slots__ = ("klass",)

    def __init__(self, klass: Klass) -> None:
        self.klass = klass


class Super(Atom):
    """What `super()` gives in a method."""

    __slots__ = ("klass",)

    def __init__(self, klass: Klass) -> None:
        self.klass = klass


class Box(Atom):
    """A container: what stands under constant keys, and all the rest together."""

    __slots__ = ("is_mapping", "keys", "pairs", "rest", "slots", "views")

    def __init__(self) -> None:
        from osprey.services.python_executor.analysis.scopes import Binding

        self.slots: dict[Any, Binding] = {}
        self.rest = Binding()
        self.keys = Binding()
        self.is_mapping = False
        self.pairs: Box | None = None
        self.views: dict[str, Box] = {}


class BoxMethod(Atom):
    """A method of a container."""

    __slots__ = ("box", "name")

    def __init__(self, box: Box, name: str) -> None:
        self.box = box
        self.name = name


class TextMethod(Atom):
    """A method of a known text."""

    __slots__ = ("name", "text")

    def __init__(self, text: Const | Glob, name: str) -> None:
        self.text = text
        self.name = name


class Partial(Atom):
    """A callable with some of its arguments (`functools.partial`)."""

    __slots__ = ("args", "keywords", "target")

    def __init__(self, target: Value, args: list[Value], keywords: dict[str, Value]) -> None:
        self.target = target
        self.args = args
        self.keywords = keywords


class Getter(Atom):
    """`operator.attrgetter`, `itemgetter` and `methodcaller`."""

    __slots__ = ("args", "keywords", "kind", "names")

    def __init__(self, kind: str, names: Value, args: list[Value], keywords: dict[str, Value]) -> None:
        self.kind = kind
        self.names = names
        self.args = args
        self.keywords = keywords


class Namespace(Atom):
    """The names of a module or scope as a mapping: `vars(m)`, `globals()`, `sys.modules`."""

    __slots__ = ("owner",)

    def __init__(self, owner: Atom | Scope | None) -> None:
        self.owner = owner


class TypeOf(Atom):
    """The class of a handle: calling it makes another one."""

    __slots__ = ("handle",)

    def __init__(self, handle: Handle) -> None:
        self.handle = handle


def join(left: Value, right: Value) -> Value:
    """Give what is in either."""
    if not right or left is right:
        return left
    if not left:
        return right
    if len(right) == 1 and right[0] in left:
        return left
    joined = tuple(dict.fromkeys((*left, *right)))
    if len(joined) > _MOST_ATOMS:
        raise IntricateError
    if len(joined) > _MOST_TEXTS:
        texts = [atom for atom in joined if isinstance(atom, Const | Glob)]
        if len(texts) > _MOST_TEXTS:
            kept = set(texts[:_MOST_TEXTS])
            joined = (*(a for a in joined if not isinstance(a, Const | Glob) or a in kept), ANY)
            joined = tuple(dict.fromkeys(joined))
    return joined


def texts_of(value: Value) -> list[str]:
    """Give the texts that a value is known to be."""
    return [atom.value for atom in value if isinstance(atom, Const) and isinstance(atom.value, str)]
