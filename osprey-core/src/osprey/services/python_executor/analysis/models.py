"""Functions of Python itself whose effect on names and values matters."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final

from osprey.services.python_executor.analysis.attributes import attributes, can_reach, elements, entered
from osprey.services.python_executor.analysis.boxes import box_at, content_of, flat, item_of, merge_into, slot_of
from osprey.services.python_executor.analysis.calls import Call, call_value
from osprey.services.python_executor.analysis.constants import exact
from osprey.services.python_executor.analysis.functions import joined
from osprey.services.python_executor.analysis.heat import holders, is_hot
from osprey.services.python_executor.analysis.run import DEEPEST_TEXT, Run
from osprey.services.python_executor.analysis.targets import store_attribute, store_item
from osprey.services.python_executor.analysis.values import (
    ANY,
    NOTHING,
    Box,
    Const,
    Getter,
    Glob,
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
_MOST_NUMBERS: Final = 40
_HUGE: Final = 500_000_000


def _getattr(run: Run, call: Call) -> Value:
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
                run.doubt(call.node, "dynamic name", f"takes an attribute of {what} whose name is worked out while it runs")
    return join(found, call.given(2))


def _all_of(run: Run, instance: Instance) -> Value:
    found: Value = NOTHING
    for name in (*instance.klass.fields, *instance.klass.methods):
        found = join(found, attributes(run, (instance,), name, ast.Pass(), is_called=True))
    return found


def _setattr(run: Run, call: Call) -> Value:
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


def _delattr(run: Run, call: Call) -> Value:
    for atom in call.given(0):
        if isinstance(atom, Handle):
            run.write(call.node, atom.cls.library, "delattr", atom.channels)
        elif isinstance(atom, Lib) and can_reach(atom):
            run.doubt(call.node, "tampering", f"deletes from {atom.path}")
    return NOTHING


def _vars(run: Run, call: Call) -> Value:
    subject = call.given(0)
    if not call.args:
        return (run.once(Namespace, run.scope),)
    return tuple(run.once(Namespace, atom) for atom in subject if isinstance(atom, Lib | Handle | Klass | Instance))


def _globals(run: Run, call: Call) -> Value:
    del call
    return (run.once(Namespace, run.module),)


def _import(run: Run, call: Call) -> Value:
    return _imported(run, call, takes_root=not call.given(3, "fromlist"))


def _import_module(run: Run, call: Call) -> Value:
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


def _resolve_name(run: Run, call: Call) -> Value:
    run.is_armed = True
    names = texts_of(call.given(0))
    if not names:
        run.doubt(call.node, "dynamic name", "looks up a name that is worked out while it runs")
    return joined([run.imported(name.replace(":", ".")) for name in names])


def _exec(run: Run, call: Call) -> Value:
    return _run_text(run, call, is_expression=False)


def _eval(run: Run, call: Call) -> Value:
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
        if is_expression and len(tree.body) == 1 and isinstance(tree.body[0], ast.Expr):
            return run.evaluate(tree.body[0].value)
        run.execute(tree.body)
    finally:
        run.line_above = before
        run.depth -= 1
    return NOTHING


def _first(run: Run, call: Call) -> Value:
    del run
    return call.given(0, "source")


def _type(run: Run, call: Call) -> Value:
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


def _super(run: Run, call: Call) -> Value:
    del call
    klass = run.scope.klass
    return (run.once(Super, klass),) if isinstance(klass, Klass) else NOTHING


def _partial(run: Run, call: Call) -> Value:
    if not call.args:
        return NOTHING
    return (run.at(call.node, Partial, call.args[0], call.args[1:], call.keywords),) if call.args[0] else NOTHING


def _getter(kind: str) -> Model:
    def model(run: Run, call: Call) -> Value:
        return (run.at(call.node, Getter, kind, call.given(0), call.args[1:], call.keywords),)

    return model


def _setitem(run: Run, call: Call) -> Value:
    store_item(run, call.given(0), call.given(1), call.given(2), call.node)
    return NOTHING


def _object_method(run: Run, call: Call) -> Value:
    return _getattr(run, call)


def _range(run: Run, call: Call) -> Value:
    numbers = [exact(value) for value in call.args]
    if not numbers or not all(isinstance(number, int) for number in numbers):
        return NOTHING
    try:
        counted = range(*numbers)  # pyright: ignore[reportArgumentType]
        if len(counted) > _MOST_NUMBERS:
            return NOTHING
    except (ValueError, TypeError, OverflowError):
        return NOTHING
    box = box_at(run, call.node)
    for number in counted:
        box.rest.add(run.const(number), run.growth)
    return (box,)


def _zip(run: Run, call: Call) -> Value:
    box = box_at(run, call.node)
    pair = box.pairs = box.pairs or Box()
    for index, value in enumerate(call.args):
        slot_of(pair, index).add(elements(run, value, call.node), run.growth)
    if call.star:
        pair.rest.add(flat(call.star), run.growth)
    box.rest.add((pair,), run.growth)
    return (box,)


def _enumerate(run: Run, call: Call) -> Value:
    box = box_at(run, call.node)
    pair = box.pairs = box.pairs or Box()
    slot_of(pair, 1).add(elements(run, call.given(0), call.node), run.growth)
    box.rest.add((pair,), run.growth)
    return (box,)


def _dict(run: Run, call: Call) -> Value:
    box = box_at(run, call.node)
    box.is_mapping = True
    for value in (*call.args, call.double_star):
        merge_into(run, box, value)
        for atom in value:
            if isinstance(atom, Box) and not atom.is_mapping:
                for pair in content_of(atom):
                    if isinstance(pair, Box):
                        box.keys.add(item_of(pair, 0), run.growth)
                        box.rest.add(item_of(pair, 1), run.growth)
    for name, value in call.keywords.items():
        box.keys.add(run.const(name), run.growth)
        slot_of(box, name).add(value, run.growth)
    return (box,)


def _list(run: Run, call: Call) -> Value:
    if not call.args or not call.args[0]:
        return (box_at(run, call.node),)
    found = call.args[0]
    boxes = tuple(atom for atom in found if isinstance(atom, Box) and not atom.is_mapping)
    if boxes and len(boxes) == len(found):
        return boxes
    box = box_at(run, call.node)
    box.rest.add(elements(run, found, call.node), run.growth)
    return (box,)


def _map(run: Run, call: Call) -> Value:
    """Call the function once with the elements of the others, as `map` does again and again."""
    values = [elements(run, value, call.node) for value in call.args[1:]]
    inner = Call(call.node, values, {})
    if call.star:
        inner.star = joined([elements(run, call.star, call.node)])
    found = call_value(run, call.given(0), inner, "map") if call.given(0) else NOTHING
    box = box_at(run, call.node)
    if found:
        box.rest.add(found, run.growth)
    if not call.given(0) and holders(values):
        run.doubt(call.node, "handed on", "hands a handle to something that is not known")
    return (box,)


def _starmap(run: Run, call: Call) -> Value:
    inner = Call(call.node, [], {})
    inner.star = elements(run, call.given(1), call.node)
    found = call_value(run, call.given(0), inner, "starmap") if call.given(0) else NOTHING
    box = box_at(run, call.node)
    if found:
        box.rest.add(found, run.growth)
    return (box,)


def _named_tuple(run: Run, call: Call) -> Value:
    klass = run.sites.get(call.node)
    if not isinstance(klass, Klass):
        klass = run.sites[call.node] = Klass()
        for atom in call.given(1, "field_names"):
            names = texts_of(content_of(atom)) if isinstance(atom, Box) else texts_of((atom,))
            klass.order += [name for text in names for name in text.replace(",", " ").split()]
    return (klass,)


def _open(run: Run, call: Call) -> Value:
    mode = exact(call.given(1, "mode"))
    name = exact(call.given(0, "file"))
    if isinstance(mode, str) and any(letter in mode for letter in "wax+") and isinstance(name, str) and name.endswith(".py"):
        run.danger(call.node, "hidden code", f"writes Python to {name[:60]!r}")
    return NOTHING


def _chr(run: Run, call: Call) -> Value:
    number = exact(call.given(0))
    return run.const(chr(number)) if isinstance(number, int) and 0 <= number < 0x110000 else (ANY,)


def _str(run: Run, call: Call) -> Value:
    value = call.given(0)
    number = exact(value)
    if isinstance(number, int):
        return run.const(str(number))
    return tuple(atom for atom in value if isinstance(atom, Const | Glob) or atom is ANY)


def _request(run: Run, call: Call) -> Value:
    """`urllib.request.Request`: with data, or with a method that changes something, whoever opens it writes."""
    method = exact(call.keywords.get("method", NOTHING))
    handle_cls = run.tables.lib("urllib.request.Request").named.makes
    if handle_cls is None:
        return NOTHING
    is_sending = bool(call.given(1, "data")) or "data" in call.keywords or len(call.args) > 1
    if is_sending or (isinstance(method, str) and method.upper() not in ("GET", "HEAD")) or (method is None and "method" in call.keywords):
        return (run.at(call.node, Handle, handle_cls),)
    return NOTHING


def _urlopen(run: Run, call: Call) -> Value:
    run.danger(call.node, "network", "calls urllib.request.urlopen")
    is_sending = len(call.args) > 1 or "data" in call.keywords or any(isinstance(a, Handle) for a in call.given(0))
    if is_sending:
        run.write(call.node, "HTTP", "urllib.request.urlopen", call.given(0))
    else:
        run.read(call.node, "HTTP", "urllib.request.urlopen", call.given(0))
    return NOTHING


def _enter_context(run: Run, call: Call) -> Value:
    return entered(run, call.given(0))


def _safe_yaml(run: Run, call: Call) -> Value:
    loader = call.keywords.get("Loader", call.given(1))
    if any(isinstance(atom, Lib) and "Safe" in atom.path for atom in loader):
        return NOTHING
    run.danger(call.node, "deserialisation", "calls yaml.load")
    run.doubt(call.node, "deserialisation", "calls yaml.load without a safe loader")
    return NOTHING


def _array_of(run: Run, call: Call) -> Value:
    """`numpy.zeros` and others of a constant shape."""
    count = 1
    for atom in call.given(0, "shape"):
        sizes = [binding.read() for binding in atom.slots.values()] if isinstance(atom, Box) else [(atom,)]
        for size in map(exact, sizes):
            count *= max(size, 1) if isinstance(size, int) else 1
    if count >= _HUGE:
        run.danger(call.node, "resources", f"makes an array of {count} numbers")
    return NOTHING


def _np_load(run: Run, call: Call) -> Value:
    if "allow_pickle" in call.keywords:
        run.danger(call.node, "deserialisation", "loads objects with numpy.load")
        run.doubt(call.node, "deserialisation", "loads objects with numpy.load")
    return NOTHING


def _unknown_text(run: Run, call: Call) -> Value:
    """`base64.b64decode` and others: of constants, worked out by Python itself."""
    import base64
    import binascii
    import codecs

    decoders: dict[str, Callable[[Any], Any]] = {
        "b64decode": base64.b64decode,
        "b32decode": base64.b32decode,
        "b16decode": base64.b16decode,
        "unhexlify": binascii.unhexlify,
        "fromhex": bytes.fromhex,
    }
    given = exact(call.given(0))
    function = getattr(call.node, "func", None)
    name = function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    try:
        if name in decoders and isinstance(given, str | bytes):
            return run.const(decoders[name](given))
        if name == "decode" and isinstance(given, str | bytes):
            found = codecs.decode(given, exact(call.given(1)) or "utf-8")  # pyright: ignore[reportArgumentType]
            return run.const(found) if isinstance(found, str) else (ANY,)
    except (ValueError, TypeError, LookupError):
        return (ANY,)
    return (ANY,)


def _wrapped(run: Run, call: Call) -> Value:
    """A decorator that keeps the function as it is."""
    del run
    return call.given(0)


MODELS: Final[dict[str, Model]] = {
    "builtins.getattr": _getattr,
    "inspect.getattr_static": _getattr,
    "builtins.object.__getattribute__": _object_method,
    "builtins.type.__getattribute__": _object_method,
    "builtins.setattr": _setattr,
    "builtins.object.__setattr__": _setattr,
    "builtins.type.__setattr__": _setattr,
    "builtins.delattr": _delattr,
    "builtins.object.__delattr__": _delattr,
    "builtins.vars": _vars,
    "builtins.globals": _globals,
    "builtins.locals": _vars,
    "builtins.__import__": _import,
    "importlib.__import__": _import,
    "importlib.import_module": _import_module,
    "pkgutil.resolve_name": _resolve_name,
    "pydoc.locate": _resolve_name,
    "builtins.exec": _exec,
    "builtins.eval": _eval,
    "builtins.compile": _first,
    "textwrap.dedent": _first,
    "inspect.cleandoc": _first,
    "builtins.type": _type,
    "types.new_class": _type,
    "builtins.super": _super,
    "functools.partial": _partial,
    "functools.partialmethod": _partial,
    "operator.attrgetter": _getter("attrgetter"),
    "operator.itemgetter": _getter("itemgetter"),
    "operator.methodcaller": _getter("methodcaller"),
    "operator.setitem": _setitem,
    "builtins.range": _range,
    "builtins.zip": _zip,
    "itertools.zip_longest": _zip,
    "itertools.product": _zip,
    "builtins.enumerate": _enumerate,
    "builtins.dict": _dict,
    "collections.OrderedDict": _dict,
    "builtins.list": _list,
    "builtins.tuple": _list,
    "builtins.sorted": _list,
    "builtins.reversed": _list,
    "builtins.map": _map,
    "itertools.starmap": _starmap,
    "collections.namedtuple": _named_tuple,
    "builtins.open": _open,
    "builtins.chr": _chr,
    "builtins.str": _str,
    "urllib.request.Request": _request,
    "urllib.request.urlopen": _urlopen,
    "contextlib.ExitStack.enter_context": _enter_context,
    "yaml.load": _safe_yaml,
    "numpy.zeros": _array_of,
    "numpy.ones": _array_of,
    "numpy.empty": _array_of,
    "builtins.bytearray": _array_of,
    "numpy.load": _np_load,
    "base64.b64decode": _unknown_text,
    "base64.b32decode": _unknown_text,
    "base64.b16decode": _unknown_text,
    "binascii.unhexlify": _unknown_text,
    "builtins.bytes.fromhex": _unknown_text,
    "codecs.decode": _unknown_text,
    "builtins.staticmethod": _wrapped,
    "builtins.classmethod": _wrapped,
    "functools.lru_cache": _wrapped,
    "functools.cache": _wrapped,
}
"""Full dotted name -> what calling it does."""
