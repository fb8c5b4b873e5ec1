"""Find a plugin's module without running it, and run it once inside a border."""

from __future__ import annotations

import sys
from contextlib import redirect_stdout
from importlib import import_module
from importlib.machinery import ModuleSpec
from importlib.util import module_from_spec, spec_from_file_location
from threading import RLock
from types import ModuleType

from osprey.plugins.faults import PhaseFault
from osprey.plugins.scan import Candidate
from osprey.plugins.status import Origin, Status

# Standard output belongs to the process: two threads that redirect it would put back each other's.
_stdout_is_taken = RLock()


def locate(name: str) -> list[ModuleSpec]:
    """Give the specs of a dotted module and its parents, outermost first, importing none of them.

    The list is shorter than the name where a part is not found.
    """
    specs: list[ModuleSpec] = []
    path: list[str] | None = None
    parts = name.split(".")
    for count in range(1, len(parts) + 1):
        spec = _found(".".join(parts[:count]), path)
        if spec is None:
            break
        specs.append(spec)
        if spec.submodule_search_locations is None:
            break
        path = list(spec.submodule_search_locations)
    return specs


def _found(name: str, path: list[str] | None) -> ModuleSpec | None:
    for finder in sys.meta_path:
        find = getattr(finder, "find_spec", None)
        spec = find(name, path) if find is not None else None
        if spec is not None:
            return spec
    return None


def is_present(module: str) -> bool:
    """Tell whether the top-level package of `module` can be imported, without importing it."""
    top = module.partition(".")[0]
    return top in sys.modules or bool(locate(top))


def source_files(candidate: Candidate) -> list[str]:
    """Give the files of a candidate's module and its parents that can be found without running them."""
    if candidate.origin is Origin.LOCAL:
        return [candidate.file]
    try:
        specs = locate(candidate.module)
    except (Exception, SystemExit):  # noqa: BLE001 - an import hook of some package; the import itself will tell
        return []
    return [spec.origin for spec in specs if spec.origin is not None and spec.has_location]


def import_plugin(candidate: Candidate) -> ModuleType:
    """Import a plugin's module. What it prints goes to stderr, because stdout carries data.

    :raises PhaseFault: the name holds something else than a module.
    """
    with _stdout_is_taken, redirect_stdout(sys.stderr):
        is_local = candidate.origin is Origin.LOCAL
        module = _import_file(candidate) if is_local else import_module(candidate.module)
    # Not isinstance: what a module puts in its own place in sys.modules may lie about its class.
    if ModuleType not in type(module).__mro__:
        kind = type(module).__name__
        reason = f"{candidate.module} replaced itself by a {kind}; a plugin must be a plain module"
        raise PhaseFault(Status.BROKEN, reason)
    return module


def _import_file(candidate: Candidate) -> ModuleType:
    loaded = sys.modules.get(candidate.module)
    if loaded is not None:
        return loaded
    spec = spec_from_file_location(candidate.module, candidate.file)
    if spec is None or spec.loader is None:
        raise PhaseFault(Status.BROKEN, f"{candidate.file} is no Python file: give a file that ends in .py")
    module = module_from_spec(spec)
    sys.modules[candidate.module] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(candidate.module, None)
        raise
    return module


def first_line(module: ModuleType) -> str:
    """Give the first line of a module's docstring; its `__getattr__` is not asked."""
    text = vars(module).get("__doc__")
    return text.strip().partition("\n")[0].strip() if type(text) is str else ""


def files_imported_since(before: frozenset[str], candidate: Candidate, error: BaseException | None) -> set[str]:
    """Give the files whose change can change what became of a plugin.

    These are the modules of its own package that its import brought in and, after a failure, the files of the
    traceback: the one that failed is no longer in `sys.modules`.
    """
    top = candidate.module.partition(".")[0]
    files: set[str] = set()
    for name in set(sys.modules) - before:
        if name.partition(".")[0] == top:
            file = vars(sys.modules[name]).get("__file__") if type(sys.modules[name]) is ModuleType else None
            if type(file) is str:
                files.add(file)
    if isinstance(error, SyntaxError) and error.filename:
        files.add(error.filename)
    trace = error.__traceback__ if error is not None else None
    while trace is not None:
        files.add(trace.tb_frame.f_code.co_filename)
        trace = trace.tb_next
    return {file for file in files if not file.startswith("<")}
