"""How a service says no over its socket, and how its client raises that again in the error's own class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from osprey import errors
from osprey.errors import OspreyError, RefusedError


def answer_of_error(exc: OspreyError) -> dict[str, Any]:
    """Give the answer that tells of an error: ``{"error": {"type", "message", "rule"}}``."""
    error = {"type": type(exc).__name__, "message": str(exc), "rule": getattr(exc, "rule", "")}
    return {"error": error}


def error_of_answer(error: Mapping[str, str]) -> OspreyError:
    """Give the error that the service raised, in its own class; one that is not known here is a plain one."""
    cls = getattr(errors, error["type"], OspreyError)
    if cls is RefusedError:
        return RefusedError(error["message"], rule=error["rule"])
    is_known = isinstance(cls, type) and issubclass(cls, OspreyError)
    return cls(error["message"]) if is_known else OspreyError(error["message"])
