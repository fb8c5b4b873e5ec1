"""Calls of the program's own functions, classes and objects."""

from __future__ import annotations

from osprey.services.python_executor.analysis.attributes import attributes, method_of
from osprey.services.python_executor.analysis.boxes import content_of
from osprey.services.python_executor.analysis.call import Call
from osprey.services.python_executor.analysis.calls import CALLERS, call_value
from osprey.services.python_executor.analysis.functions import call_function
from osprey.services.python_executor.analysis.heat import holders
from osprey.services.python_executor.analysis.items import call_method, in_namespace, items
from osprey.services.python_executor.analysis.library_calls import call_handle, look_at_callbacks
from osprey.services.python_executor.analysis.run import Run
from osprey.services.python_executor.analysis.values import (
    ANY,
    NOTHING,
    Bound,
    Box,
    Const,
    Function,
    Getter,
    Glob,
    Handle,
    Instance,
    Klass,
    Lib,
    Namespace,
    Partial,
    Super,
    Value,
    join,
    texts_of,
)


def _call_own(run: Run, function: Function, call: Call) -> Value:
    return call_function(run, function, call.args, call.keywords, star=call.star, double_star=call.double_star)


def _call_bound(run: Run, bound: Bound, call: Call) -> Value:
    return call_function(
        run,
        bound.function,
        call.args,
        call.keywords,
        receiver=bound.receiver,
        star=call.star,
        double_star=call.double_star,
    )


def _call_class(run: Run, klass: Klass, call: Call) -> Value:
    run.use(klass)
    made: Value = (klass.instance,)
    for name in ("__new__", "__init__", "__post_init__"):
        for atom in method_of(klass, name):
            if isinstance(atom, Function):
                args = [] if name == "__post_init__" else call.args
                call_function(
                    run, atom, args, call.keywords, receiver=made, star=call.star, double_star=call.double_star
                )
    if not method_of(klass, "__init__"):
        _fill_fields(run, klass, call)
    if klass.handle is not None:
        klass.handle.channels = join(
            klass.handle.channels, tuple(a for a in call.channels() if isinstance(a, Const | Glob))
        )
        look_at_callbacks(run, call)
    return made


def _fill_fields(run: Run, klass: Klass, call: Call) -> None:
    """Let the fields of a dataclass be what it is made with."""
    from osprey.services.python_executor.analysis.scopes import Binding

    order = [name for base in reversed(klass.bases) for name in base.order] + klass.order
    pairs = [*zip(order, call.args, strict=False), *call.keywords.items()]
    pairs += [
        (name, content_of(atom)) for name in order for atom in (*call.star, *call.double_star) if isinstance(atom, Box)
    ]
    for name, value in pairs:
        klass.fields.setdefault(name, Binding()).add(value, run.growth)


def _call_instance(run: Run, instance: Instance, call: Call) -> Value:
    if instance.klass.handle is not None and not method_of(instance.klass, "__call__"):
        return call_handle(run, instance.klass.handle, call)
    for atom in method_of(instance.klass, "__call__"):
        if isinstance(atom, Function):
            return _call_bound(run, Bound(atom, (instance,)), call)
    return call_method(run, instance, "__call__", call.args)


def _call_partial(run: Run, partial: Partial, call: Call) -> Value:
    inner = Call(call.node, [*partial.args, *call.args], {**partial.keywords, **call.keywords})
    inner.star, inner.double_star = call.star, call.double_star
    return call_value(run, partial.target, inner)


def _call_getter(run: Run, getter: Getter, call: Call) -> Value:
    subject = call.given(0)
    found: Value = NOTHING
    if getter.kind == "attrgetter":
        names = texts_of(getter.names)
        if (not names or ANY in getter.names) and holders([subject]):
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


CALLERS.update(
    {
        Function: _call_own,
        Bound: _call_bound,
        Klass: _call_class,
        Instance: _call_instance,
        Partial: _call_partial,
        Getter: _call_getter,
        Super: _call_super,
    }
)
