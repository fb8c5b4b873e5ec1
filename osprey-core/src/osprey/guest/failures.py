"""An exception of the program, told in the program's own terms: its lines and nobody else's."""

from __future__ import annotations

import errno
from typing import Any

from . import GENERATED

_LONGEST_MESSAGE = 2000
_MOST_FRAMES = 6
_ANALYSIS = frozenset({"numpy", "matplotlib"})

_NO_SPACE = frozenset({errno.ENOSPC, errno.EFBIG, errno.EDQUOT})


def describe_failure(error: BaseException, code: str) -> dict[str, Any]:
    """Turn an exception into the fields of a `failed` frame."""
    frames = _own_frames(error, code.splitlines())
    line = frames[-1]["line"] if frames else None
    if isinstance(error, SyntaxError) and error.filename == GENERATED:
        line = error.lineno
    return {
        "type": type(error).__name__[:100],
        "message": (_message(error))[:_LONGEST_MESSAGE],
        "line": line,
        "frames": frames[-_MOST_FRAMES:],
        "limit": _limit_behind(error),
    }


def _message(error: BaseException) -> str:
    try:
        text = str(error)
    except Exception:  # noqa: BLE001 - the program's own __str__ may raise anything
        text = "(its message cannot be shown)"
    if isinstance(error, ModuleNotFoundError) and error.name:
        root = error.name.partition(".")[0]
        if root in _ANALYSIS:
            return f"{text}. Generated code needs it: pip install 'osprey-core[analysis]'"
        if text == f"No module named {error.name!r}":
            return f"{text}. Install it into the interpreter of generated code, or do without it"
    return text


def _own_frames(error: BaseException, source: list[str]) -> list[dict[str, Any]]:
    frames: list[dict[str, Any]] = []
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == GENERATED:
            number = trace.tb_lineno
            text = source[number - 1].strip() if 0 < number <= len(source) else ""
            frames.append({"line": number, "name": trace.tb_frame.f_code.co_name[:100], "text": text[:200]})
        trace = trace.tb_next
    return frames


def _limit_behind(error: BaseException) -> str | None:
    """Name the limit that made a call fail, where the kernel refuses instead of killing."""
    if isinstance(error, MemoryError):
        return "memory"
    if isinstance(error, OSError) and error.errno == errno.ENOMEM:
        return "memory"
    if isinstance(error, OSError) and error.errno in _NO_SPACE:
        return "disk"
    if isinstance(error, BlockingIOError) and error.errno == errno.EAGAIN:
        return "processes"
    if isinstance(error, RuntimeError) and str(error).startswith("can't start new thread"):
        return "processes"
    return None
