"""Calls of libraries and of their handles: reads, writes, and what cannot be told."""

from __future__ import annotations

import ast
from typing import Any, Final

from osprey.services.python_executor.analysis.attributes import attributes, channels_below
from osprey.services.python_executor.analysis.boxes import box_at, flat, slot_of
from osprey.services.python_executor.analysis.call import Call
from osprey.services.python_executor.analysis.calls import CALLERS, call_value
from osprey.services.python_executor.analysis.constants import exact
from osprey.services.python_executor.analysis.functions import joined
from osprey.services.python_executor.analysis.handing import name_of, own_functions, smear_all, tell_handed
from osprey.services.python_executor.analysis.heat import callables, holders
from osprey.services.python_executor.analysis.items import elements
from osprey.services.python_executor.analysis.run import Run
from osprey.services.python_executor.analysis.values import (
    NOTHING,
    Box,
    Const,
    Glob,
    Handle,
    Instance,
    Lib,
    Member,
    TypeOf,
    Value,
    join,
    texts_of,
)

_ENTERING: Final = frozenset({"__enter__", "__aenter__", "__iter__", "__next__", "__aiter__"})
_QUIET: Final = frozenset(
    {
        "__exit__",
        "__aexit__",
        "__init__",
        "__repr__",
        "__str__",
        "__eq__",
        "__hash__",
        "__len__",
        "__bool__",
        "__float__",
    }
)
_LONG_LIVED: Final = (
    "collections.",
    "queue.",
    "types.SimpleNamespace",
    "weakref.",
    "multiprocessing.Queue",
    "asyncio.Queue",
    "threading.local",
)
WRITES_TOO: Final = {("database", "execute"): True}


def _call_lib(run: Run, lib: Lib, call: Call) -> Value:
    from osprey.services.python_executor.analysis.models import MODELS

    named = lib.named
    model = MODELS.get(lib.path)
    if model is not None:
        return model(run, call)
    if named.danger is not None:
        message = f"calls {lib.path}"
        run.danger(call.node, named.danger.kind, message)
        if named.danger.hides and named.library is None:
            run.doubt(call.node, named.danger.kind, message)
    if named.library is not None:
        return _call_control(run, lib, call)
    if named.is_unknown:
        run.doubt(call.node, "unknown library", f"calls {lib.path}, of which nothing is known")
        return NOTHING
    if lib.path.startswith("builtins.") and lib.path.count(".") == 2 and call.args:
        # `list.append(xs, x)`: a method by its class.
        return call_value(
            run,
            attributes(run, call.args[0], named.leaf, call.node, is_called=True),
            Call(call.node, call.args[1:], call.keywords),
        )
    return _call_harmless(run, lib, call)


def _call_harmless(run: Run, lib: Lib, call: Call) -> Value:
    named = lib.named
    given = [value for value in call.everything() if value]
    if not given and not lib.path.startswith(_LONG_LIVED):
        return NOTHING
    functions = own_functions(run, given) if given else []
    if named.looks:
        return NOTHING
    hot, held = callables(given), holders(given)
    if hot and not _only_holds(lib.path):
        tell_handed(run, hot, call, lib.path)
    if functions:
        found = smear_all(run, functions, flat(joined(given)) if hot or held or named.passes else NOTHING, call.node)
        if named.passes and _only_holds(lib.path):
            found = join(found, joined(given))
        return found
    if held and not named.passes:
        run.doubt(call.node, "handed on", f"hands {name_of(held[0])} to {lib.path}")
        return NOTHING
    if not named.passes:
        return NOTHING
    if not (
        hot or held or any(isinstance(atom, Box | Instance) for value in given for atom in value)
    ) and not lib.path.startswith(_LONG_LIVED):
        return (
            tuple(atom for atom in joined(given) if isinstance(atom, Const))
            if len(given) == 1 and lib.path == "builtins.next"
            else NOTHING
        )
    box = box_at(run, call.node)
    for value in given:
        box.rest.add(flat(value), run.growth)
        box.rest.add(joined([elements(run, (atom,), call.node) for atom in value if isinstance(atom, Box)]), run.growth)
    for name, value in call.keywords.items():
        slot_of(box, "." + name).add(value, run.growth)
    return join(tuple(atom for atom in flat(joined(given)) if not isinstance(atom, Const | Glob)), (box,))


def _only_holds(path: str) -> bool:
    """Say whether a function keeps what it is given without calling it."""
    root, _, name = path.partition(".")
    if path == "weakref.finalize":
        return False
    if root in (
        "collections",
        "copy",
        "queue",
        "dataclasses",
        "typing",
        "types",
        "weakref",
        "contextvars",
        "enum",
        "attr",
        "attrs",
        "abc",
    ):
        return True
    if root == "builtins":
        return name not in ("map", "filter", "sorted", "min", "max")
    if root == "functools":
        return name not in ("reduce",)
    if root == "itertools":
        return name in (
            "cycle",
            "repeat",
            "chain",
            "product",
            "tee",
            "islice",
            "zip_longest",
            "count",
            "permutations",
            "combinations",
        )
    return root == "numpy" or path in (
        "threading.local",
        "contextlib.nullcontext",
        "contextlib.closing",
        "logging.getLogger",
        "operator.itemgetter",
    )


def _call_control(run: Run, lib: Lib, call: Call) -> Value:
    named, node = lib.named, call.node
    library = named.library
    if library is None:
        return NOTHING
    given = [value for value in call.everything() if value]
    functions = own_functions(run, given)
    if functions:
        smear_all(run, functions, NOTHING, node)
    callee = lib.path
    if named.is_plain:
        return tuple(atom for atom in call.given(0) if isinstance(atom, Const | Glob))
    if library.is_network:
        run.danger(node, "network", f"calls {callee}")
    if named.makes is not None and not (named.leaf in library.calls.reads and not named.makes.is_read_only):
        look_at_callbacks(run, call)
        return (_handle_at(run, node, named.makes, call),)
    if library.calls.only_reads(named.leaf, exact(call.given(0))):
        look_at_callbacks(run, call)
        run.read(node, library.title, callee, call.channels())
        return (_handle_at(run, node, named.makes, call),) if named.makes is not None else NOTHING
    run.write(node, library.title, callee, call.channels())
    return NOTHING


def look_at_callbacks(run: Run, call: Call) -> None:
    hot = callables(call.everything())
    if hot:
        tell_handed(run, hot, call, "a callback")


def _handle_at(run: Run, node: ast.AST, cls: Any, call: Call) -> Handle:
    handle = run.sites.get(node)
    if not isinstance(handle, Handle):
        handle = run.sites[node] = Handle(cls)
    handle.channels = join(
        handle.channels, tuple(atom for atom in call.channels() if isinstance(atom, Const | Glob | Box))
    )
    run.is_armed = True
    return handle


def call_handle(run: Run, handle: Handle, call: Call) -> Value:
    look_at_callbacks(run, call)
    if handle.cls.is_called_to_read:
        run.read(call.node, handle.cls.library, "()", NOTHING)
        return NOTHING
    run.write(call.node, handle.cls.library, "()", join(handle.channels, call.channels()))
    return NOTHING


def _call_member(run: Run, member: Member, call: Call) -> Value:
    handle, name = member.handle, member.name
    cls = handle.cls
    if name in _ENTERING:
        return (handle,)
    if name in _QUIET:
        return NOTHING
    given_values = [value for value in call.everything() if value]
    functions = own_functions(run, given_values)
    if functions:
        smear_all(run, functions, NOTHING, call.node)
    channels = _member_channels(handle, call)
    given = cls.given(name)
    if given is not None:
        look_at_callbacks(run, call)
        found = _handle_at(run, call.node, given, call)
        found.channels = found.channels or handle.channels
        if (
            name not in cls.calls.reads
            and WRITES_TOO.get((cls.library, name))
            and not cls.calls.only_reads(name, exact(call.given(0)))
        ):
            run.write(call.node, cls.library, name, channels)
        return (found,)
    if cls.calls.only_reads(name, exact(call.given(0))):
        look_at_callbacks(run, call)
        run.read(call.node, cls.library, name, channels)
        return NOTHING
    run.write(call.node, cls.library, name, channels)
    return NOTHING


def _member_channels(handle: Handle, call: Call) -> Value:
    first = call.given(0)
    names = tuple(
        atom for atom in first if isinstance(atom, Const | Glob) and not isinstance(getattr(atom, "value", ""), int)
    )
    if not handle.channels:
        return call.channels()
    if handle.cls.joins is None or not names:
        return handle.channels
    found: Value = NOTHING
    for text in texts_of(names):
        found = join(found, channels_below(handle, text))
    return found or handle.channels


def _call_type(run: Run, kind: TypeOf, call: Call) -> Value:
    return (_handle_at(run, call.node, kind.handle.cls, call),)


CALLERS.update({Lib: _call_lib, Handle: call_handle, Member: _call_member, TypeOf: _call_type})
