"""The former name of `osprey`: `framework.<x>` is the module `osprey.<x>` itself, found on first use.

Nothing is copied: a class that is imported under both names is one class. Write `import osprey` instead.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from importlib import import_module
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from importlib.util import find_spec
from types import ModuleType
from typing import Any, Final

_OLD: Final = f"{__name__}."
_NEW: Final = "osprey"


class _AliasLoader(Loader):
    """Gives the module of the new name for one of the old."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = import_module(self._name)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        # It has run under its own name. The import system has just put the alias's spec on it, which
        # would make relative imports and reloads inside it use the old name.
        module.__spec__ = self._spec


class _AliasFinder(MetaPathFinder):
    """Finds `framework.<x>` as `osprey.<x>`.

    It stands before the finder of paths, which would find the same file again as a second module.
    """

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if not fullname.startswith(_OLD):
            return None
        name = f"{_NEW}.{fullname.removeprefix(_OLD)}"
        real = find_spec(name)
        if real is None:
            msg = f"No module named {fullname!r} (looked for {name!r})"
            raise ModuleNotFoundError(msg, name=fullname)
        is_package = real.submodule_search_locations is not None
        return ModuleSpec(fullname, _AliasLoader(name), origin=real.origin, is_package=is_package)


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg)
    try:
        return getattr(import_module(_NEW), name)
    except AttributeError:
        pass
    try:
        return import_module(f"{_NEW}.{name}")
    except ModuleNotFoundError as exc:
        if exc.name != f"{_NEW}.{name}":
            raise
        msg = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(msg) from exc


sys.meta_path.insert(0, _AliasFinder())
warnings.warn("'framework' is the former name of 'osprey': import osprey instead", DeprecationWarning, stacklevel=2)
