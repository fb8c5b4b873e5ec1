"""Functions of Python that reach names, modules and texts to run."""

from __future__ import annotations

import ast
from collections.abc import Callable

from osprey.services.python_executor.analysis.attributes import attributes
from osprey.services.python_executor.analysis.boxes import flat
from osprey.services.python_executor.analysis.call import Call
from osprey.services.python_executor.analysis.functions import joined
from osprey.services.python_executor.analysis.heat import is_hot
from osprey.services.python_executor.analysis.items import can_reach
from osprey.services.python_executor.analysis.run import DEEPEST_TEXT, Run
from osprey.services.python_executor.analysis.targets import store_attribute, store_item
from osprey.services.python_executor.analysis.values import (
    ANY,
    NOTHING,
    Box,
    Const,
    Getter,
    Handle,
    Instance,
    Klass,
    Lib,
    Namespace,
    Partial,
    Super,
    TypeOf,
    Value,
    join,
    texts_of,
)

Model = Callable[[Run, Call], Value]


def model_getattr(run: Run, call: Call) -> Value:
    subject, names = call.given(0), call.given(1)
    known = texts_of(names)
    found: Value = NOTHING
    for name in known:
        value = attributes(run, subject, name, call.node, is_called=True)
        found = join(found, value)
    if not known or ANY in names:
        run.is_everything_live = True
        for atom in subject:
            if isinstance(atom, Instance):
                found = join(found, _all_of(run, atom))
            elif isinstance(atom, Handle) or (isinstance(atom, Lib) and can_reach(atom)):
                what = atom.path if isinstance(atom, Lib) else f"a handle of {atom.cls.library}"
                run.doubt(
                    call.node, "dynamic name", f"takes an attribute of {what} whose name is worked out while it runs"
                )
    return join(found, call.given(2))


def _all_of(run: Run, instance: Instance) -> Value:
    found: Value = NOTHING
    for name in (*instance.klass.fields, *instance.klass.methods):
        found = join(found, attributes(run, (instance,), name, ast.Pass(), is_called=True))
    return found


def model_setattr(run: Run, call: Call) -> Value:
    subject, names = call.given(0), call.given(1)
    for name in texts_of(names):
        store_attribute(run, subject, name, call.given(2), call.node)
    if not texts_of(names) or ANY in names:
        for atom in subject:
            if isinstance(atom, Handle):
                run.write(call.node, atom.cls.library, "setattr", atom.channels)
            elif isinstance(atom, Lib) and (can_reach(atom) or is_hot(call.given(2))):
                run.doubt(call.node, "tampering", f"changes {atom.path}")
            elif isinstance(atom, Instance | Klass):
                klass = atom.klass if isinstance(atom, Instance) else atom
                for binding in klass.fields.values():
                    if call.given(2):
                        binding.add(call.given(2), run.growth)
    return NOTHING


def model_delattr(run: Run, call: Call) -> Value:
    for atom in call.given(0):
        if isinstance(atom, Handle):
            run.write(call.node, atom.cls.library, "delattr", atom.channels)
        elif isinstance(atom, Lib) and can_reach(atom):
            run.doubt(call.node, "tampering", f"deletes from {atom.path}")
    return NOTHING


def model_vars(run: Run, call: Call) -> Value:
    subject = call.given(0)
    if not call.args:
        return (run.once(Namespace, run.scope),)
    return tuple(run.once(Namespace, atom) for atom in subject if isinstance(atom, Lib | Handle | Klass | Instance))


def model_globals(run: Run, call: Call) -> Value:
    del call
    return (run.once(Namespace, run.module),)


def model_import(run: Run, call: Call) -> Value:
    return _imported(run, call, takes_root=not call.given(3, "fromlist"))


def model_import_module(run: Run, call: Call) -> Value:
    return _imported(run, call, takes_root=False)


def _imported(run: Run, call: Call, *, takes_root: bool) -> Value:
    run.is_armed = True
    names = call.given(0, "name")
    known = texts_of(names)
    if not known or ANY in names:
        run.doubt(call.node, "dynamic name", "imports a module whose name is worked out while it runs")
    found: Value = NOTHING
    for name in known:
        if name.startswith("."):
            run.doubt(call.node, "unknown library", f"imports {name}")
        else:
            found = join(found, run.imported(name.partition(".")[0] if takes_root else name))
    return found


def model_resolve_name(run: Run, call: Call) -> Value:
    run.is_armed = True
    names = texts_of(call.given(0))
    if not names:
        run.doubt(call.node, "dynamic name", "looks up a name that is worked out while it runs")
    return joined([run.imported(name.replace(":", ".")) for name in names])


def model_exec(run: Run, call: Call) -> Value:
    return _run_text(run, call, is_expression=False)


def model_eval(run: Run, call: Call) -> Value:
    return _run_text(run, call, is_expression=True)


def _run_text(run: Run, call: Call, *, is_expression: bool) -> Value:
    run.is_armed = True
    given = call.given(0)
    texts = [atom.value for atom in given if isinstance(atom, Const) and isinstance(atom.value, str | bytes)]
    if not texts or ANY in given:
        run.is_everything_live = True
        run.danger(call.node, "hidden code", "runs a text that is worked out while it runs")
        run.doubt(call.node, "hidden code", "runs a text that is worked out while it runs")
    found: Value = NOTHING
    for text in texts:
        if run.depth >= DEEPEST_TEXT:
            run.doubt(call.node, "hidden code", "runs texts within texts")
            break
        found = join(found, _follow(run, call.node, text, is_expression=is_expression))
    return found


def _follow(run: Run, node: ast.AST, text: str | bytes, *, is_expression: bool) -> Value:
    from osprey.services.python_executor.analysis.decoding import parse

    tree = run.sites.get((node, text))  # pyright: ignore[reportArgumentType, reportCallIssue]
    if tree is None:
        try:
            source = text.decode() if isinstance(text, bytes) else text
            tree = parse(source.strip() if is_expression else source)
        except (SyntaxError, ValueError):
            run.doubt(node, "hidden code", "runs a text that does not parse")
            return NOTHING
        run.sites[(node, text)] = tree  # pyright: ignore[reportArgumentType]
    before = run.line_above
    run.line_above = run.line(node)
    run.depth += 1
    try:
        first = tree.body[0] if len(tree.body) == 1 else None
        if is_expression and isinstance(first, ast.Expr):
            return run.evaluate(first.value)
        run.execute(tree.body)
    finally:
        run.line_above = before
        run.depth -= 1
    return NOTHING


def model_first(run: Run, call: Call) -> Value:
    del run
    return call.given(0, "source")


def model_type(run: Run, call: Call) -> Value:
    if len(call.args) == 3:
        return _made_class(run, call)
    found: Value = NOTHING
    for atom in call.given(0):
        if isinstance(atom, Handle):
            found = join(found, (run.once(TypeOf, atom),))
        elif isinstance(atom, Instance):
            found = join(found, (atom.klass,))
    return found


def _made_class(run: Run, call: Call) -> Value:
    """`type("Name", bases, namespace)`."""
    from osprey.services.python_executor.analysis.scopes import Binding

    klass = run.sites.get(call.node)
    if not isinstance(klass, Klass):
        klass = run.sites[call.node] = Klass()
    klass.bases = tuple(atom for atom in flat(call.args[1]) if isinstance(atom, Klass) and atom is not klass)
    for box in call.args[2]:
        if isinstance(box, Box):
            for key, binding in box.slots.items():
                if isinstance(key, str):
                    for home in (klass.fields, klass.methods):
                        home.setdefault(key, Binding()).add(binding.read(), run.growth)
    return (klass,)


def model_super(run: Run, call: Call) -> Value:
    del call
    klass = run.scope.klass
    return (run.once(Super, klass),) if isinstance(klass, Klass) else NOTHING


def model_partial(run: Run, call: Call) -> Value:
    if not call.args:
        return NOTHING
    return (run.at(call.node, Partial, call.args[0], call.args[1:], call.keywords),) if call.args[0] else NOTHING


def model_getter(kind: str) -> Model:
    def model(run: Run, call: Call) -> Value:
        return (run.at(call.node, Getter, kind, call.given(0), call.args[1:], call.keywords),)

    return model


def model_setitem(run: Run, call: Call) -> Value:
    store_item(run, call.given(0), call.given(1), call.given(2), call.node)
    return NOTHING


def model_object_method(run: Run, call: Call) -> Value:
    return model_getattr(run, call)
