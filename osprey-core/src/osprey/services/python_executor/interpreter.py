"""The interpreter of generated code: Osprey's own, or the one that the project chose."""

from __future__ import annotations

import json
import os
import site
import subprocess
import sys
from pathlib import Path
from typing import Any

from attrs import frozen

from osprey.errors import SandboxError

_PROBE = """
import json, os, site, sys
print(json.dumps({
    "executable": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
    "prefixes": [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix],
    "paths": site.getsitepackages(),
    "version": list(sys.version_info[:3]),
}))
"""
_OLDEST = (3, 9)
_PROBE_TIMEOUT_S = 20.0


@frozen(kw_only=True)
class Interpreter:
    """Where Python is, and what of the file system it needs to see."""

    executable: Path
    """The real binary: no virtual environment's link, so that it is found under one of `prefixes`."""
    prefixes: tuple[Path, ...]
    paths: tuple[str, ...]
    """Its site-packages, given to the guest instead of letting `site` run what lies there."""
    version: tuple[int, int, int]


def find_interpreter(python_env_path: Path | None) -> Interpreter:
    """Find the interpreter at `python_env_path`, a virtual environment or a binary; None: this one.

    :raises SandboxError: there is none, it is too old, or mounting it would show a home folder.
    """
    facts = _own_facts() if python_env_path is None else _ask(_binary_in(python_env_path))
    version = facts["version"]
    interpreter = Interpreter(
        executable=Path(facts["executable"]),
        prefixes=_real_folders(facts["prefixes"]),
        paths=tuple(str(Path(path).resolve()) for path in facts["paths"] if Path(path).is_dir()),
        version=(version[0], version[1], version[2]),
    )
    _check(interpreter)
    return interpreter


def _own_facts() -> dict[str, Any]:
    base: str = getattr(sys, "_base_executable", "") or sys.executable
    return {
        "executable": os.path.realpath(base),
        "prefixes": [sys.prefix, sys.exec_prefix, sys.base_prefix, sys.base_exec_prefix],
        "paths": site.getsitepackages(),
        "version": list(sys.version_info[:3]),
    }


def _binary_in(path: Path) -> Path:
    binary = path / "bin" / "python" if path.is_dir() else path
    if not binary.is_file():
        msg = (
            f"execution.local.python_env_path: there is no Python at {binary}; give a virtual environment "
            f"or a Python binary, or make one: python3 -m venv {path}"
        )
        raise SandboxError(msg)
    return binary


def _ask(binary: Path) -> dict[str, Any]:
    try:
        answer = subprocess.run(
            [str(binary), "-I", "-c", _PROBE],
            capture_output=True,
            check=True,
            timeout=_PROBE_TIMEOUT_S,
            env={},
        )
        return json.loads(answer.stdout)
    except (OSError, subprocess.SubprocessError, ValueError) as exc:
        msg = f"the interpreter {binary} does not start: {exc}; check execution.local.python_env_path"
        raise SandboxError(msg) from exc


def _real_folders(prefixes: list[str]) -> tuple[Path, ...]:
    return tuple(sorted({Path(prefix).resolve() for prefix in prefixes}))


def _check(interpreter: Interpreter) -> None:
    if interpreter.version[:2] < _OLDEST:
        found = ".".join(str(part) for part in interpreter.version)
        msg = f"the interpreter {interpreter.executable} is Python {found}; generated code needs 3.9 or newer"
        raise SandboxError(msg)
    for prefix in interpreter.prefixes:
        if prefix == Path("/") or prefix in Path.home().resolve().parents or prefix == Path.home().resolve():
            msg = (
                f"the interpreter {interpreter.executable} lives in {prefix}, and generated code would see "
                "everything there; set execution.local.python_env_path to one in a folder of its own"
            )
            raise SandboxError(msg)
