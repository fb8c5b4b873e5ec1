"""pandas and the clock of a rehearsal.

Its compiled parts are laid out over the C classes of `datetime`, so loading them over the stand-ins of `clock` would
crash: they are loaded with the real classes in place. What asks pandas for the present time asks the run's clock.
"""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any, Callable


class PandasFinder(importlib.abc.MetaPathFinder):
    """Finds pandas as usual, and looks after its loading."""

    def __init__(self, real: dict[str, type], now_ns: Callable[[], int]) -> None:
        self._real = real
        self._now_ns = now_ns

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != "pandas":
            return None
        import importlib.util  # only here: most runs need no pandas

        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(fullname)
        if spec is not None and spec.loader is not None:
            self._watch(spec.loader)
        return spec

    def _watch(self, loader: Any) -> None:
        load = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            import datetime

            stand_ins = {name: getattr(datetime, name) for name in self._real}
            vars(datetime).update(self._real)
            try:
                load(module)
            finally:
                vars(datetime).update(stand_ins)
            _tell_the_time(module, self._now_ns)

        loader.exec_module = exec_module


def _tell_the_time(pandas: Any, now_ns: Callable[[], int]) -> None:
    def now(cls: Any, tz: Any = None) -> Any:
        return cls.fromtimestamp(now_ns() / 1e9, tz)

    def utcnow(cls: Any) -> Any:
        return cls.fromtimestamp(now_ns() / 1e9, "UTC")

    pandas.Timestamp.now = pandas.Timestamp.today = classmethod(now)
    pandas.Timestamp.utcnow = classmethod(utcnow)
