"""The analyser: one text, gone through until nothing is added, and a verdict of three."""

from __future__ import annotations

import ast
import gc
import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from osprey.services.python_executor.analysis import (
    container_calls,
    definitions,
    expressions,
    library_calls,
    own_calls,
    statements,
)
from osprey.services.python_executor.analysis.deception import find_deception
from osprey.services.python_executor.analysis.decoding import decode, parse
from osprey.services.python_executor.analysis.functions import run_body
from osprey.services.python_executor.analysis.libraries import Tables, builtin_tables
from osprey.services.python_executor.analysis.report import Access, Analysis, Remark, Verdict
from osprey.services.python_executor.analysis.run import Run
from osprey.services.python_executor.analysis.values import IntricateError

_log: Final = logging.getLogger(__name__)
_MOST_PASSES: Final = 12
LONGEST: Final = 512 * 1024
_FILLED: Final = (container_calls, definitions, expressions, library_calls, own_calls, statements)
"""They fill the tables of `run` and `calls` when they are imported."""


def analyse(source: str | bytes, tables: Tables | None = None) -> Analysis:
    """Say what a text would do. It reads, and runs nothing.

    :param tables: with the libraries that plugins add; None: those that Osprey brings along.
    """
    text, remarks = (
        decode(source) if isinstance(source, bytes) else (source.replace("\r\n", "\n").removeprefix("\ufeff"), ())
    )
    if len(text) > LONGEST:
        return _undecided(Remark(line=0, kind="size", message=f"{len(text)} characters are too many to look at"), ())
    deceptive = tuple(dict.fromkeys((*remarks, *find_deception(text))))
    try:
        tree = parse(text)
    except SyntaxError as exc:
        return _undecided(Remark(line=exc.lineno or 0, kind="syntax", message=exc.msg), deceptive)
    except (ValueError, RecursionError, MemoryError) as exc:
        return _undecided(Remark(line=0, kind="syntax", message=f"cannot be parsed: {exc}"), deceptive)
    run = Run(tables or builtin_tables())
    try:
        with _without_collection():
            _settle(run, tree)
    except RecursionError:
        run.is_dead = False
        run.doubt(tree, "size", "is nested too deeply to look at")
    except IntricateError:
        run.is_dead = False
        run.doubt(tree, "size", "is too intricate to look at")
    except Exception as exc:  # noqa: BLE001  a defect of the analyser must never read as "reads only"
        _log.exception("the analyser failed")
        run.is_dead = False
        run.doubt(tree, "analyzer", f"the analyser failed ({type(exc).__name__}: {exc})")
    return _concluded(run, deceptive)


@contextmanager
def _without_collection() -> Generator[None]:
    """Put off the collection of garbage: it would go through every node of the tree again and again."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _settle(run: Run, tree: ast.Module) -> None:
    for _ in range(_MOST_PASSES):
        run.begin_pass()
        run.execute(tree.body)
        _go_through_functions(run)
        if not (run.growth.happened and run.is_armed):
            break
    else:
        run.doubt(tree, "size", "is too intricate to look at")
    if run.is_armed:
        _go_through_the_unused(run)


def _go_through_functions(run: Run) -> None:
    """Go through the bodies of functions that are used and were not called from what was seen."""
    index = 0
    while index < len(run.functions):
        function = run.functions[index]
        index += 1
        if run.is_everything_live and not function.is_live:
            run.use(function)
        if function.is_live and function.done_in != run.pass_number:
            run_body(run, function)
            index = 0


def _go_through_the_unused(run: Run) -> None:
    run.is_dead = True
    for function in list(run.functions):
        if not function.is_live and function.done_in != run.pass_number:
            run_body(run, function)
    run.is_dead = False


def _concluded(run: Run, deceptive: tuple[Remark, ...]) -> Analysis:
    doubts = sorted(run.doubts)
    if run.writes:
        verdict = Verdict.WRITES
    elif doubts or deceptive:
        verdict = Verdict.CANNOT_TELL
    else:
        verdict = Verdict.READS_ONLY
    seen = set(run.writes)
    return Analysis(
        verdict=verdict,
        writes=tuple(sorted(run.writes, key=_place)),
        reads=tuple(sorted(run.reads, key=_place)),
        doubts=tuple(doubts),
        dangers=tuple(sorted(run.dangers)),
        deceptive=deceptive,
        unused=tuple(sorted((each for each in run.unused if each not in seen), key=_place)),
        sets_results="results" in run.module.bindings,
    )


def _place(access: Access) -> tuple[int, str]:
    return access.line, access.call


def _undecided(remark: Remark, deceptive: tuple[Remark, ...]) -> Analysis:
    return Analysis(verdict=Verdict.CANNOT_TELL, doubts=(remark,), deceptive=deceptive, sets_results=False)
