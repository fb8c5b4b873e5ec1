"""Functions of Python itself whose effect on names and values matters."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, Final, cast

from osprey.services.python_executor.analysis.call import Call
from osprey.services.python_executor.analysis.constants import exact
from osprey.services.python_executor.analysis.container_models import (
    model_dict,
    model_enter_context,
    model_enumerate,
    model_list,
    model_map,
    model_named_tuple,
    model_range,
    model_starmap,
    model_zip,
)
from osprey.services.python_executor.analysis.naming_models import (
    Model,
    model_delattr,
    model_eval,
    model_exec,
    model_first,
    model_getattr,
    model_getter,
    model_globals,
    model_import,
    model_import_module,
    model_object_method,
    model_partial,
    model_resolve_name,
    model_setattr,
    model_setitem,
    model_super,
    model_type,
    model_vars,
)
from osprey.services.python_executor.analysis.run import Run
from osprey.services.python_executor.analysis.values import (
    ANY,
    NOTHING,
    Box,
    Const,
    Glob,
    Handle,
    Lib,
    Value,
)

_HUGE: Final = 500_000_000


def _open(run: Run, call: Call) -> Value:
    mode = exact(call.given(1, "mode"))
    name = exact(call.given(0, "file"))
    if (
        isinstance(mode, str)
        and any(letter in mode for letter in "wax+")
        and isinstance(name, str)
        and name.endswith(".py")
    ):
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
    if (
        is_sending
        or (isinstance(method, str) and method.upper() not in ("GET", "HEAD"))
        or (method is None and "method" in call.keywords)
    ):
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
    name = (
        function.attr if isinstance(function, ast.Attribute) else function.id if isinstance(function, ast.Name) else ""
    )
    try:
        if name in decoders and isinstance(given, str | bytes):
            return run.const(decoders[name](given))
        if name == "decode" and isinstance(given, str | bytes):
            found: Any = cast("Any", codecs.decode)(given, exact(call.given(1)) or "utf-8")
            return run.const(found) if isinstance(found, str) else (ANY,)
    except (ValueError, TypeError, LookupError):
        return (ANY,)
    return (ANY,)


def _wrapped(run: Run, call: Call) -> Value:
    """A decorator that keeps the function as it is."""
    del run
    return call.given(0)


MODELS: Final[dict[str, Model]] = {
    "builtins.getattr": model_getattr,
    "inspect.getattr_static": model_getattr,
    "builtins.object.__getattribute__": model_object_method,
    "builtins.type.__getattribute__": model_object_method,
    "builtins.setattr": model_setattr,
    "builtins.object.__setattr__": model_setattr,
    "builtins.type.__setattr__": model_setattr,
    "builtins.delattr": model_delattr,
    "builtins.object.__delattr__": model_delattr,
    "builtins.vars": model_vars,
    "builtins.globals": model_globals,
    "builtins.locals": model_vars,
    "builtins.__import__": model_import,
    "importlib.__import__": model_import,
    "importlib.import_module": model_import_module,
    "pkgutil.resolve_name": model_resolve_name,
    "pydoc.locate": model_resolve_name,
    "builtins.exec": model_exec,
    "builtins.eval": model_eval,
    "builtins.compile": model_first,
    "textwrap.dedent": model_first,
    "inspect.cleandoc": model_first,
    "builtins.type": model_type,
    "types.new_class": model_type,
    "builtins.super": model_super,
    "functools.partial": model_partial,
    "functools.partialmethod": model_partial,
    "operator.attrgetter": model_getter("attrgetter"),
    "operator.itemgetter": model_getter("itemgetter"),
    "operator.methodcaller": model_getter("methodcaller"),
    "operator.setitem": model_setitem,
    "builtins.range": model_range,
    "builtins.zip": model_zip,
    "itertools.zip_longest": model_zip,
    "itertools.product": model_zip,
    "builtins.enumerate": model_enumerate,
    "builtins.dict": model_dict,
    "collections.OrderedDict": model_dict,
    "builtins.list": model_list,
    "builtins.tuple": model_list,
    "builtins.sorted": model_list,
    "builtins.reversed": model_list,
    "builtins.map": model_map,
    "itertools.starmap": model_starmap,
    "collections.namedtuple": model_named_tuple,
    "builtins.open": _open,
    "builtins.chr": _chr,
    "builtins.str": _str,
    "urllib.request.Request": _request,
    "urllib.request.urlopen": _urlopen,
    "contextlib.ExitStack.enter_context": model_enter_context,
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
