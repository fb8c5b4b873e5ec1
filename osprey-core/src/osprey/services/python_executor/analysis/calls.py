"""What calls do: of control libraries, of handles, of the program's own functions, of everything else."""

from __future__ import annotations

import ast
from typing import Any, Final

from osprey.services.python_executor.analysis.attributes import (
    attribute,
    attributes,
    call_method,
    channels_below,
    elements,
    entered,
    in_namespace,
    items,
    method_of,
    view,
)
from osprey.services.python_executor.analysis.boxes import box_at, content_of, flat, item_of, merge_into, slot_of
from osprey.services.python_executor.analysis.constants import exact, fold_method
from osprey.services.python_executor.analysis.functions import call_function, joined, smear
from osprey.services.python_executor.analysis.heat import callables, holders
from osprey.services.python_executor.analysis.run import EVALUATORS, Run
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

_KEEPING: Final = frozenset("append appendleft add insert extend push put put_nowait setdefault update register".split())
_TELLING: Final = frozenset("debug info warning error exception critical log write writelines print text set_title".split())
_CHANNEL_NAMES: Final = ("pvname", "channel", "pv", "pvnames", "names", "attr_name", "channel_name", "address", "read_pv", "write_pv", "prefix", "dev_name")
_ENTERING: Final = frozenset({"__enter__", "__aenter__", "__iter__", "__next__", "__aiter__"})
_QUIET: Final = frozenset({"__exit__", "__aexit__", "__init__", "__repr__", "__str__", "__eq__", "__hash__", "__len__", "__bool__", "__float__"})
_LONG_LIVED: Final = ("collections.", "queue.", "types.SimpleNamespace", "weakref.", "multiprocessing.Queue", "asyncio.Queue", "threading.local")
_STARTING: Final = frozenset({"Thread", "Process", "Timer", "fork", "Popen", "submit", "apply_async", "start_new_thread"})


class Call:
    """One call with what its arguments can be."""

    __slots__ = ("args", "double_star", "keywords", "node", "star")

    def __init__(self, node: ast.AST, args: list[Value], keywords: dict[str, Value]) -> None:
        self.node = node
        self.args = args
        self.keywords = keywords
        self.star: Value = NOTHING
        self.double_star: Value = NOTHING

    def given(self, index: int, *names: str) -> Value:
        """Give an argument by position or name."""
        if index < len(self.args):
            return self.args[index]
        for name in names:
            if name in self.keywords:
                return self.keywords[name]
        if self.star:
            return joined([item_of(atom, None) for atom in self.star if isinstance(atom, Box)])
        return NOTHING

    def everything(self) -> list[Value]:
        """Give all arguments."""
        return [*self.args, *self.keywords.values(), self.star, self.double_star]

    def channels(self) -> Value:
        """Give what names channels among the arguments."""
        found = self.given(0)
        for name in _CHANNEL_NAMES:
            if not found and name in self.keywords:
                found = self.keywords[name]
        for atom in found:
            if isinstance(atom, Handle):
                found = join(found, atom.channels)
        return found


def evaluate_call(run: Run, node: ast.Call) -> Value:
    """Give what a call can return, and tell what it does."""
    run.step()
    function = node.func
    name = ""
    if type(function) is ast.Attribute:
        name = function.attr
        callee = attributes(run, run.evaluate(function.value), name, function, is_called=True)
    else:
        callee = run.evaluate(function)
        if type(function) is ast.Name:
            name = function.id
    call = _arguments(run, node)
    if run.endless and name in _STARTING:
        run.danger(node, "resources", f"{name} in a loop without end")
    if not callee:
        return _call_unknown(run, name, call)
    return call_value(run, callee, call, name)


EVALUATORS[ast.Call] = evaluate_call


def _arguments(run: Run, node: ast.Call) -> Call:
    call = Call(node, [], {})
    for each in node.args:
        if type(each) is ast.Starred:
            call.star = join(call.star, run.evaluate(each.value))
        elif call.star:
            value = run.evaluate(each)
            box = box_at(run, each)
            box.rest.add(value, run.growth)
            call.star = join(call.star, (box,))
        else:
            call.args.append(run.evaluate(each))
    for keyword in node.keywords:
        value = run.evaluate(keyword.value)
        if keyword.arg is None:
            call.double_star = join(call.double_star, value)
        else:
            call.keywords[keyword.arg] = value
    return call


def call_value(run: Run, callee: Value, call: Call, name: str = "") -> Value:
    """Give what calling any of these can return."""
    found: Value = NOTHING
    is_known = False
    for atom in callee:
        caller = _CALLERS.get(type(atom))
        if caller is not None:
            is_known = True
            one = caller(run, atom, call)
            if one:
                found = join(found, one) if found else one
    return found if is_known else _call_unknown(run, name, call)


def _call_unknown(run: Run, name: str, call: Call) -> Value:
    """Something that is not known gets these arguments."""
    given = [value for value in call.everything() if value]
    if not given:
        return NOTHING
    functions = own_functions(run, given)
    hot, held = callables(given), holders(given)
    if not hot and not held:
        if functions:
            _smear_all(run, functions, NOTHING, call.node)
        return NOTHING
    if functions:
        return _smear_all(run, functions, flat(joined(given)), call.node)
    if name in ("enter_context", "enter_async_context"):
        return entered(run, joined(given))
    if name in _KEEPING:
        run.loose_of("[]").add(flat(joined(given)), run.growth)
        return NOTHING
    if name in _TELLING:
        return NOTHING
    if hot and name in run.tables.calling:
        _tell_handed(run, hot, call, name)
        return NOTHING
    what = _name_of((hot or held)[0])
    run.doubt(call.node, "handed on", f"hands {what} to {name or 'something'}, which is not known")
    return NOTHING


def _tell_handed(run: Run, hot: Value, call: Call, name: str) -> None:
    for atom in hot:
        if isinstance(atom, Lib) and atom.named.library is None:
            run.doubt(call.node, atom.named.danger.kind if atom.named.danger else "hidden code", f"hands {atom.path} to {name}")
        else:
            run.write(call.node, _library_of(atom), f"{_name_of(atom)} (by {name})", _channels_among(call))


def _channels_among(call: Call) -> Value:
    found: Value = NOTHING
    for value in call.everything():
        for atom in value:
            if isinstance(atom, Const | Glob | Box):
                found = join(found, (atom,))
    return found


def _library_of(atom: Atom) -> str:
    if isinstance(atom, Lib):
        return atom.named.library.title if atom.named.library else atom.path
    if isinstance(atom, Member):
        return atom.handle.cls.library
    if isinstance(atom, Partial):
        return _library_of(callables([atom.target])[0])
    return ""


def _name_of(atom: Atom) -> str:
    if isinstance(atom, Lib):
        return atom.path
    if isinstance(atom, Member):
        return atom.name
    if isinstance(atom, Handle):
        return f"a handle of {atom.cls.library}"
    if isinstance(atom, Partial):
        return _name_of(callables([atom.target])[0])
    return "something that reaches a machine"


def own_functions(run: Run, values: list[Value]) -> list[tuple[Function, Value]]:
    """Give the program's own functions among values, each with its first argument if it is bound."""
    found: dict[tuple[Function, Value], None] = {}
    for value in values:
        for atom in flat(value):
            if isinstance(atom, Function):
                found[atom, NOTHING] = None
            elif isinstance(atom, Bound):
                found[atom.function, atom.receiver] = None
            elif isinstance(atom, Partial):
                for inner in own_functions(run, [atom.target]):
                    found[inner] = None
            elif isinstance(atom, Instance):
                for method in method_of(atom.klass, "__call__"):
                    if isinstance(method, Function):
                        found[method, (atom,)] = None
            elif isinstance(atom, Klass):
                for method in method_of(atom, "__init__"):
                    if isinstance(method, Function):
                        found[method, (atom.instance,)] = None
    return list(found)


def _smear_all(run: Run, functions: list[tuple[Function, Value]], values: Value, node: ast.AST) -> Value:
    """Let functions be called by others with any of these values; give what they return and what was handed over."""
    found: Value = NOTHING
    for function, receiver in functions:
        others = tuple(atom for atom in values if atom is not function)
        found = join(found, smear(run, function, others, receiver))
    if not found and not values:
        return NOTHING
    box = box_at(run, node)
    box.rest.add(join(found, values), run.growth)
    return join(found, (box,))


# --- of libraries


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
        return call_value(run, attributes(run, call.args[0], named.leaf, call.node, is_called=True), Call(call.node, call.args[1:], call.keywords))
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
        _tell_handed(run, hot, call, lib.path)
    if functions:
        found = _smear_all(run, functions, flat(joined(given)) if hot or held or named.passes else NOTHING, call.node)
        if named.passes and _only_holds(lib.path):
            found = join(found, joined(given))
        return found
    if held and not named.passes:
        run.doubt(call.node, "handed on", f"hands {_name_of(held[0])} to {lib.path}")
        return NOTHING
    if not named.passes:
        return NOTHING
    if not (hot or held or any(isinstance(atom, Box | Instance) for value in given for atom in value)) and not lib.path.startswith(_LONG_LIVED):
        return tuple(atom for atom in joined(given) if isinstance(atom, Const)) if len(given) == 1 and lib.path == "builtins.next" else NOTHING
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
    if root in ("collections", "copy", "queue", "dataclasses", "typing", "types", "weakref", "contextvars", "enum", "attr", "attrs", "abc"):
        return True
    if root == "builtins":
        return name not in ("map", "filter", "sorted", "min", "max")
    if root == "functools":
        return name not in ("reduce",)
    if root == "itertools":
        return name in ("cycle", "repeat", "chain", "product", "tee", "islice", "zip_longest", "count", "permutations", "combinations")
    return root == "numpy" or path in ("threading.local", "contextlib.nullcontext", "contextlib.closing", "logging.getLogger", "operator.itemgetter")


def _call_control(run: Run, lib: Lib, call: Call) -> Value:
    named, node = lib.named, call.node
    library = named.library
    if library is None:
        return NOTHING
    given = [value for value in call.everything() if value]
    functions = own_functions(run, given)
    if functions:
        _smear_all(run, functions, NOTHING, node)
    callee = lib.path
    if named.is_plain:
        return tuple(atom for atom in call.given(0) if isinstance(atom, Const | Glob))
    if library.is_network:
        run.danger(node, "network", f"calls {callee}")
    if named.makes is not None and not (named.leaf in library.calls.reads and not named.makes.is_read_only):
        _look_at_callbacks(run, call)
        return (_handle_at(run, node, named.makes, call),)
    if library.calls.only_reads(named.leaf, exact(call.given(0))):
        _look_at_callbacks(run, call)
        run.read(node, library.title, callee, call.channels())
        return (_handle_at(run, node, named.makes, call),) if named.makes is not None else NOTHING
    run.write(node, library.title, callee, call.channels())
    return NOTHING


def _look_at_callbacks(run: Run, call: Call) -> None:
    hot = callables(call.everything())
    if hot:
        _tell_handed(run, hot, call, "a callback")


def _handle_at(run: Run, node: ast.AST, cls: Any, call: Call) -> Handle:
    handle = run.sites.get(node)
    if not isinstance(handle, Handle):
        handle = run.sites[node] = Handle(cls)
    handle.channels = join(handle.channels, tuple(atom for atom in call.channels() if isinstance(atom, Const | Glob | Box)))
    run.is_armed = True
    return handle


# --- of handles


def _call_handle(run: Run, handle: Handle, call: Call) -> Value:
    _look_at_callbacks(run, call)
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
        _smear_all(run, functions, NOTHING, call.node)
    channels = _member_channels(handle, call)
    given = cls.given(name)
    if given is not None:
        _look_at_callbacks(run, call)
        found = _handle_at(run, call.node, given, call)
        found.channels = found.channels or handle.channels
        if name not in cls.calls.reads and WRITES_TOO.get((cls.library, name)) and not cls.calls.only_reads(name, exact(call.given(0))):
            run.write(call.node, cls.library, name, channels)
        return (found,)
    if cls.calls.only_reads(name, exact(call.given(0))):
        _look_at_callbacks(run, call)
        run.read(call.node, cls.library, name, channels)
        return NOTHING
    run.write(call.node, cls.library, name, channels)
    return NOTHING


WRITES_TOO: Final = {("database", "execute"): True}


def _member_channels(handle: Handle, call: Call) -> Value:
    first = call.given(0)
    names = tuple(atom for atom in first if isinstance(atom, Const | Glob) and not isinstance(getattr(atom, "value", ""), int))
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


# --- of the program's own things


def _call_own(run: Run, function: Function, call: Call) -> Value:
    return call_function(run, function, call.args, call.keywords, star=call.star, double_star=call.double_star)


def _call_bound(run: Run, bound: Bound, call: Call) -> Value:
    return call_function(
        run, bound.function, call.args, call.keywords, receiver=bound.receiver, star=call.star, double_star=call.double_star
    )


def _call_class(run: Run, klass: Klass, call: Call) -> Value:
    run.use(klass)
    made: Value = (klass.instance,)
    for name in ("__new__", "__init__", "__post_init__"):
        for atom in method_of(klass, name):
            if isinstance(atom, Function):
                args = [] if name == "__post_init__" else call.args
                call_function(run, atom, args, call.keywords, receiver=made, star=call.star, double_star=call.double_star)
    if not method_of(klass, "__init__"):
        _fill_fields(run, klass, call)
    if klass.handle is not None:
        klass.handle.channels = join(klass.handle.channels, tuple(a for a in call.channels() if isinstance(a, Const | Glob)))
        _look_at_callbacks(run, call)
    return made


def _fill_fields(run: Run, klass: Klass, call: Call) -> None:
    """Let the fields of a dataclass be what it is made with."""
    from osprey.services.python_executor.analysis.scopes import Binding

    order = [name for base in reversed(klass.bases) for name in base.order] + klass.order
    pairs = [*zip(order, call.args, strict=False), *call.keywords.items()]
    pairs += [(name, content_of(atom)) for name in order for atom in (*call.star, *call.double_star) if isinstance(atom, Box)]
    for name, value in pairs:
        klass.fields.setdefault(name, Binding()).add(value, run.growth)


def _call_instance(run: Run, instance: Instance, call: Call) -> Value:
    if instance.klass.handle is not None and not method_of(instance.klass, "__call__"):
        return _call_handle(run, instance.klass.handle, call)
    for atom in method_of(instance.klass, "__call__"):
        if isinstance(atom, Function):
            return _call_bound(run, Bound(atom, (instance,)), call)
    return call_method(run, instance, "__call__", call.args)


def _call_box(run: Run, box: Box, call: Call) -> Value:
    """A container that is called was made of callables by something that only passes them on."""
    found = content_of(box)
    callees = tuple(atom for atom in found if not isinstance(atom, Box | Const | Glob | Handle | Instance))
    if callees:
        found = join(found, call_value(run, callees, call))
    return join(found, (box,))


def _call_box_method(run: Run, method: BoxMethod, call: Call) -> Value:
    box, name = method.box, method.name
    if name in ("items", "values", "keys"):
        return view(run, box, name)
    key = exact(call.given(0))
    if name in ("get", "pop", "setdefault", "__getitem__") and call.args:
        for value in call.args[1:]:
            slot_of(box, key).add(value, run.growth) if name == "setdefault" and key is not None else None
        return join(item_of(box, key if key is not None else None), joined(call.args[1:]))
    if name == "__setitem__" and len(call.args) > 1:
        (box.rest if key is None else slot_of(box, key)).add(call.args[1], run.growth)
        return NOTHING
    for value in call.args:
        if name in ("extend", "update", "extendleft", "__init__", "__iadd__", "union"):
            merge_into(run, box, value)
            box.rest.add(elements(run, value, call.node) if value else NOTHING, run.growth)
        elif value:
            box.rest.add(value, run.growth)
    for keyword, value in call.keywords.items():
        slot_of(box, keyword).add(value, run.growth)
    if name in ("append", "add", "insert", "extend", "update", "put", "put_nowait", "sort", "clear", "remove", "reverse"):
        return NOTHING
    return join(content_of(box), (box,))


def _call_text_method(run: Run, method: TextMethod, call: Call) -> Value:
    atom = method.text
    if method.name == "join" and isinstance(atom, Const) and call.args:
        return _joined_text(run, str(atom.value), call)
    if isinstance(atom, Glob):
        return (run.once(Glob, atom.text),) if method.name not in ("format", "join", "split") else NOTHING
    arguments = [exact(value) for value in call.args]
    keywords = {name: exact(value) for name, value in call.keywords.items()}
    if call.star or call.double_star:
        return (ANY,)
    if any(value is None for value in (*arguments, *keywords.values())):
        return _formatted(run, atom, call) if method.name == "format" else (ANY,)
    result = fold_method(atom.value, method.name, arguments, keywords)
    if isinstance(result, list):
        box = box_at(run, call.node)
        for index, part in enumerate(result):  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
            if isinstance(part, str):
                (slot_of(box, index) if index < 12 else box.rest).add(run.const(part), run.growth)
        return (box,)
    if isinstance(result, str):
        run.look_at_text(call.node, result)
    return run.const(result) if isinstance(result, str | bytes) else (ANY,)


def _formatted(run: Run, atom: Const, call: Call) -> Value:
    def piece(value: Value) -> list[Any]:
        known = [each.value if isinstance(each, Const) else each.text for each in value if isinstance(each, Const | Glob)]
        return known[:24] if known and ANY not in value else ["{...}"]

    found: Value = NOTHING
    choices = [piece(value) for value in call.args]
    most = max((len(each) for each in choices), default=1)
    for index in range(most):
        arguments = [each[min(index, len(each) - 1)] for each in choices]
        keywords = {name: piece(value)[0] for name, value in call.keywords.items()}
        result = fold_method(atom.value, "format", arguments, keywords)
        if isinstance(result, str):
            is_known = not call.keywords and len(choices) == 1 and "{...}" not in result
            found = join(found, run.const(result) if is_known else (run.once(Glob, result),))
    return found or (ANY,)


def _joined_text(run: Run, separator: str, call: Call) -> Value:
    parts: list[str] = []
    for atom in call.args[0]:
        if isinstance(atom, Box) and not atom.rest.value and atom.slots and not atom.is_mapping:
            for index in range(len(atom.slots)):
                part = exact(item_of(atom, index))
                if not isinstance(part, str):
                    return (ANY,)
                parts.append(part)
            text = separator.join(parts)
            run.look_at_text(call.node, text)
            return run.const(text)
    return (ANY,)


def _call_partial(run: Run, partial: Partial, call: Call) -> Value:
    inner = Call(call.node, [*partial.args, *call.args], {**partial.keywords, **call.keywords})
    inner.star, inner.double_star = call.star, call.double_star
    return call_value(run, partial.target, inner)


def _call_getter(run: Run, getter: Getter, call: Call) -> Value:
    subject = call.given(0)
    found: Value = NOTHING
    if getter.kind == "attrgetter":
        names = texts_of(getter.names)
        if not names or ANY in getter.names:
            if holders([subject]):
                run.doubt(call.node, "dynamic name", "takes an attribute whose name is worked out while it runs")
        for name in names:
            value = subject
            for part in name.split("."):
                value = attributes(run, value, part, call.node, is_called=True)
            found = join(found, value)
    elif getter.kind == "itemgetter":
        found = items(run, subject, getter.names, call.node, is_slice=False)
    elif getter.kind == "methodcaller":
        inner = Call(call.node, getter.args, getter.keywords)
        for name in texts_of(getter.names):
            found = join(found, call_value(run, attributes(run, subject, name, call.node, is_called=True), inner, name))
        if not texts_of(getter.names) and holders([subject]):
            run.doubt(call.node, "dynamic name", "calls a method whose name is worked out while it runs")
    else:
        found = _call_namespace(run, getter, call)
    return found


def _call_namespace(run: Run, getter: Getter, call: Call) -> Value:
    method = getter.kind.partition(".")[2]
    (space,) = getter.names
    if not isinstance(space, Namespace):
        return NOTHING
    if method in ("get", "pop", "__getitem__", "setdefault"):
        return join(in_namespace(run, space, call.given(0), call.node), call.given(1))
    if method in ("keys", "copy", "__contains__", "__len__"):
        return (space,) if method == "copy" else NOTHING
    if isinstance(space.owner, Klass):
        _fill_namespace(run, space.owner, call)
        return NOTHING
    if method in ("update", "clear", "__setitem__", "popitem") and isinstance(space.owner, Handle | Lib):
        run.doubt(call.node, "tampering", "changes what a module or handle holds")
        return NOTHING
    return in_namespace(run, space, NOTHING, call.node) if method in ("items", "values") else NOTHING


def _fill_namespace(run: Run, klass: Klass, call: Call) -> None:
    """`self.__dict__.update(...)`: names that are not known may be any."""
    from osprey.services.python_executor.analysis.scopes import Binding

    for atom in (*call.given(0), *call.double_star):
        if isinstance(atom, Box):
            for key, binding in atom.slots.items():
                klass.fields.setdefault(str(key), Binding()).add(binding.read(), run.growth)
            if held := atom.rest.read():
                for binding in klass.fields.values():
                    binding.add(held, run.growth)
    for name, value in call.keywords.items():
        klass.fields.setdefault(name, Binding()).add(value, run.growth)


def _call_super(run: Run, atom: Super, call: Call) -> Value:
    del run, call
    return (atom,)


_CALLERS: Final[dict[type[Atom], Any]] = {
    Lib: _call_lib,
    Handle: _call_handle,
    Member: _call_member,
    TypeOf: _call_type,
    Function: _call_own,
    Bound: _call_bound,
    Klass: _call_class,
    Instance: _call_instance,
    Box: _call_box,
    BoxMethod: _call_box_method,
    TextMethod: _call_text_method,
    Partial: _call_partial,
    Getter: _call_getter,
    Super: _call_super,
}
