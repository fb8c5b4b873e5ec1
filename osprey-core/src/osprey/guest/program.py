"""One run: say hello, give up every right, run the program, hand over what it left."""

from __future__ import annotations

import contextlib
import faulthandler
import linecache
import os
import sys
import time
import warnings
from types import ModuleType
from typing import Any, NoReturn

from . import GENERATED, PROTOCOL, entropy, failures, lockdown, runtime
from .arrays import ArraySender
from .clock import Clock, References, install_clock
from .figures import send_figures
from .imports import install_imports
from .link import Link
from .results import encode_results
from .tables import decode

_BROKER_FD = 3


def run_program(fd: int, references: References) -> NoReturn:
    """Run one job, told by the broker at `fd`, in a process that was made for it."""
    link = _link_of(fd)
    job = link.call("hello", protocol=PROTOCOL, python=sys.version.split()[0])
    _prepare(job)
    clock = _clock_of(job, link)
    runtime.connect(link, clock, {})
    rights = lockdown.lock(job)
    install_imports()
    entropy.install_entropy(job["seed"])
    if clock is not None:
        install_clock(clock, references)
    link.call("ready", rights=rights)
    os.dup2(1, 2)
    program = _program()
    runtime.inputs.update(decode(job["inputs"]))  # tables need pandas, which is imported without rights
    error = _run(job["code"], program)
    if link.is_owner:
        _hand_over(link, job, program, error)
    _flush()
    os._exit(0)


def _link_of(fd: int) -> Link:
    """Put the broker's socket at its place and close whatever else was inherited."""
    if fd != _BROKER_FD:
        os.dup2(fd, _BROKER_FD)
    os.closerange(_BROKER_FD + 1, os.sysconf("SC_OPEN_MAX"))
    return Link(_BROKER_FD)


def _prepare(job: dict[str, Any]) -> None:
    """Give the process the place, the time zone and the habits that the parent chose."""
    os.environ["TZ"] = job["time_zone"]
    time.tzset()
    os.environ["HOME"] = job["work"]
    os.chdir(job["work"])
    sys.path.append(job["work"])
    sys.argv = [GENERATED]
    faulthandler.enable()
    warnings.filterwarnings("ignore", message=".*non-interactive, and thus cannot be shown")


def _clock_of(job: dict[str, Any], link: Link) -> Clock | None:
    if job["mode"] not in ("dry", "observe"):
        return None
    return Clock(job["mode"], job["start_ns"], lambda seconds: link.call("sleep", seconds=seconds))


def _program() -> ModuleType:
    """Make the module that the code runs as; pickling and dataclasses look it up by its name."""
    module = ModuleType("__main__")
    module.__file__ = GENERATED
    sys.modules["__main__"] = module
    return module


def _run(code: str, program: ModuleType) -> BaseException | None:
    lines = code.splitlines(keepends=True)
    linecache.cache[GENERATED] = (len(code), None, lines, GENERATED)
    try:
        exec(compile(code, GENERATED, "exec", dont_inherit=True), program.__dict__)  # noqa: S102 - its purpose
        _join_threads()
    except SystemExit as exc:
        return None if exc.code in (None, 0) else exc
    except BaseException as exc:  # noqa: BLE001 - whatever ended the program is what it is asked to report
        return exc
    return None


def _join_threads() -> None:
    """Wait for the program's threads, as Python does at the end of a script."""
    threading: Any = sys.modules.get("threading")
    if threading is None:
        return
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon:
            thread.join()


def _hand_over(link: Link, job: dict[str, Any], program: ModuleType, error: BaseException | None) -> None:
    """Send figures, then the results or the failure; the parent believes nothing else."""
    warnings: list[str] = []
    results: Any = None
    try:
        warnings += send_figures(link, job["most_figures"], job["work"], job["figure_mark"])
        if error is None:
            results, more = _results(link, program)
            warnings += more
    except BaseException as exc:  # noqa: BLE001 - what cannot be handed over is a failure of the program
        error = error or exc
    if error is not None:
        link.call("failed", **failures.describe_failure(error, job["code"]))
    else:
        link.call("finish", results=results, warnings=warnings)


def _results(link: Link, program: ModuleType) -> tuple[Any, list[str]]:
    if "results" not in program.__dict__:
        return None, ["the code never set `results`"]
    return encode_results(program.__dict__["results"], ArraySender(link))


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        # The program may have closed or replaced it; what it wrote there is gone either way.
        with contextlib.suppress(OSError, ValueError, AttributeError):
            stream.flush()
