"""Folders of runs on the host's own disk, where no file system in memory can be made for them."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import tempfile
from collections.abc import Generator
from pathlib import Path

from osprey.services.python_executor.sandbox.bubblewrap import user_to_drop_to
from osprey.services.python_executor.sandbox.holding import Holding

_PREFIX = "osprey-runs-"


def new_scratch() -> Path:
    """Make the folder that holds the folders of runs; the user that runs drop to can pass through it."""
    folder = Path(tempfile.mkdtemp(prefix=f"{_PREFIX}{os.getpid()}-"))
    folder.chmod(0o711)
    return folder


def sweep_scratch() -> None:
    """Remove what processes that were killed have left behind."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        owner = folder.name.removeprefix(_PREFIX).partition("-")[0]
        is_ours = not folder.is_symlink() and folder.lstat().st_uid == os.geteuid()
        if is_ours and owner.isdigit() and not Path("/proc", owner).exists():
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def run_folder(holding: Holding) -> Generator[str]:
    """Give the place of a run's files: in memory where there are namespaces, else a folder that goes with it."""
    if holding.scratch is None:
        yield holding.work_of("")
        return
    name = secrets.token_hex(8)
    folder = holding.scratch / name
    folder.mkdir(mode=0o700)
    try:
        user = user_to_drop_to()
        if user is not None and holding.is_confined:
            os.chown(folder, user, user)
        yield holding.work_of(name)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
