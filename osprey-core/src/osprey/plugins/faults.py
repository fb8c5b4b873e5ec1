"""What goes wrong inside a phase, and how any exception is told in one line."""

from __future__ import annotations

from osprey.plugins.status import Status


class PhaseFault(Exception):  # noqa: N818 - it is caught at the loader's border and becomes a status
    """One plugin fails one phase; the loader turns it into a `PluginStatus`.

    :ivar status: what the plugin becomes.
    """

    def __init__(self, status: Status, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


def describe(exc: BaseException) -> str:
    """Tell an exception in one line, whatever its own `__str__` does."""
    try:
        text = " ".join(str(exc).split())
    except Exception:  # noqa: BLE001 - an exception of a plugin may be as broken as the plugin
        text = "(its message cannot be shown)"
    name = type(exc).__name__
    return f"{name}: {text}" if text else name


def trace_of(exc: BaseException) -> str:
    """Give the whole traceback as text, whatever the exception's own methods do."""
    import traceback

    try:
        return "".join(traceback.format_exception(exc))
    except Exception:  # noqa: BLE001 - as in `describe`
        return describe(exc)
