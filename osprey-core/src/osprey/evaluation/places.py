"""Where the files of an evaluation lie: a path, or a file of an installed package as `package:file`."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path
from typing import Final

from osprey.errors import UsageError

_IN_PACKAGE: Final = re.compile(r"([A-Za-z_][A-Za-z0-9_]+):([^/\\:][^\\:]*)")
"""A package's name has two letters at least, so that no drive of a disk is taken for one."""


def locate(reference: str, *, beside: Path | None = None) -> Path:
    """Give the file that `reference` names.

    :param beside: the file that names it, from whose folder a relative path starts; None: the working directory.
    :raises UsageError: there is no such file, or the package is not installed.
    """
    named = _IN_PACKAGE.fullmatch(reference)
    path = _in_package(*named.groups()) if named else Path(reference).expanduser()
    if beside is not None and not path.is_absolute():
        path = beside.parent / path
    if not path.is_file():
        msg = f"there is no file {path}: give a path, or a file of an installed package as osprey_sim:requests.yml"
        raise UsageError(msg)
    return path


def _in_package(package: str, name: str) -> Path:
    try:
        folder = Path(str(files(package)))
    except ModuleNotFoundError as exc:
        msg = f"{package}:{name}: the package {package!r} is not installed: pip install {package.replace('_', '-')}"
        raise UsageError(msg) from exc
    if ".." in Path(name).parts:
        msg = f"{package}:{name}: name a file within the package"
        raise UsageError(msg)
    return folder / name
