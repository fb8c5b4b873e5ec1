"""What several of the end-to-end tests need."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one megabyte; mounting one needs the rights that a CI machine has."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(disk)], check=False)
    if mounted.returncode and "CI" not in os.environ:
        pytest.skip("this test mounts a tmpfs, which this user may not; CI may")
    assert mounted.returncode == 0, "this test mounts a tmpfs: let CI run as root"
    yield disk
    subprocess.run(["umount", str(disk)], check=True)
