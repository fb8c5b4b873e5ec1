"""Three ways to hold a guest, and one that holds nothing: how each starts it, and what it is told to do itself."""

from __future__ import annotations

import stat
import sys
from enum import StrEnum
from pathlib import Path
from typing import Any

from attrs import frozen

from osprey.errors import SandboxError
from osprey.services.python_executor.interpreter import Interpreter
from osprey.services.python_executor.sandbox import bubblewrap
from osprey.services.python_executor.sandbox.bubblewrap import user_to_drop_to
from osprey.services.python_executor.sandbox.tree import (
    DEVICES,
    GUEST,
    GUEST_PLACE,
    SCRATCH,
    SYSTEM_FILES,
    WORK,
    tree_for,
)

_START = """
import sys, importlib.util as util
spec = util.spec_from_file_location("osprey_guest", {place!r} + "/__init__.py", submodule_search_locations=[{place!r}])
module = sys.modules["osprey_guest"] = util.module_from_spec(spec)
spec.loader.exec_module(module)
from osprey_guest.bootstrap import main
main()
"""


class Kind(StrEnum):
    """The tiers, best first."""

    BUBBLEWRAP = "bubblewrap"
    NAMESPACES = "namespaces"
    LANDLOCK = "landlock"
    NONE = "none"


LABELS = {
    Kind.BUBBLEWRAP: "bubblewrap + seccomp",
    Kind.NAMESPACES: "namespaces + seccomp",
    Kind.LANDLOCK: "landlock + seccomp",
    Kind.NONE: "none",
}
"""What plans, records and health checks show."""


@frozen(kw_only=True)
class Holding:
    """One tier for one interpreter."""

    kind: Kind
    interpreter: Interpreter
    mounts: tuple[Path, ...] = ()
    """Further folders of the host that may be read."""
    scratch: Path | None = None
    """Without namespaces: the folder that holds the folders of runs."""

    @property
    def has_namespaces(self) -> bool:
        return self.kind in (Kind.BUBBLEWRAP, Kind.NAMESPACES)

    @property
    def is_confined(self) -> bool:
        return self.kind is not Kind.NONE

    def command(self, environment: dict[str, str], fd: int, *, disk_bytes: int) -> list[str]:
        """Give the command that starts the guest with its control socket at `fd`.

        :raises SandboxError: what it takes is not installed.
        """
        if sys.platform != "linux":
            msg = f"this tier needs Linux, and this is {sys.platform}"
            raise SandboxError(msg)
        if self.kind is Kind.LANDLOCK and user_to_drop_to() is not None:
            self._check_reachable()
        place = GUEST_PLACE if self.kind is Kind.BUBBLEWRAP else GUEST
        guest = [str(self.interpreter.executable), "-S", "-s", "-B", "-c", _START.format(place=str(place)), str(fd)]
        if self.kind is Kind.BUBBLEWRAP:
            tree = tree_for(self.interpreter, self.mounts)
            return bubblewrap.command_of(tree, environment, guest, disk_bytes=disk_bytes)
        return guest

    def _check_reachable(self) -> None:
        for folder in self.interpreter.executable.parents:
            if not folder.stat().st_mode & stat.S_IXOTH:
                msg = (
                    f"the interpreter lies below {folder}, which only its owner may enter, and a run goes on as the "
                    "user nobody: set execution.local.python_env_path to an interpreter that everybody may use, "
                    "or do not run Osprey as root"
                )
                raise SandboxError(msg)

    def setup(self, *, parent: int, nests: bool) -> dict[str, Any]:
        """Say what the guest has to do to itself before it takes runs."""
        tree = tree_for(self.interpreter, self.mounts) if self.kind is Kind.NAMESPACES else None
        return {
            "tree": None if tree is None else tree.to_json(),
            "has_first_process": self.has_namespaces,
            "nests": nests and self.has_namespaces,
            "drop_uid": user_to_drop_to() if self.is_confined else None,
            "is_confined": self.is_confined,
            "landlock": self.rules(),
            "dies_with": None if self.kind is Kind.BUBBLEWRAP else parent,
            "paths": [*self.interpreter.paths, *(str(path) for path in self.mounts if path.is_dir())],
        }

    def rules(self) -> dict[str, Any] | None:
        """Give Landlock's rules; None where a tree of its own does better."""
        if self.kind is not Kind.LANDLOCK:
            return None
        system = ("/usr", "/lib", "/lib32", "/lib64", "/libx32", *SYSTEM_FILES)
        own = [str(path) for path in (*self.interpreter.prefixes, *self.mounts, GUEST)]
        return {"readable": [*system, *own], "scratch": str(self.scratch), "devices": DEVICES}

    def shown_in_scratch(self) -> list[str]:
        """Give what lies where each run gets a folder of its own, such as an interpreter below /tmp."""
        tree = tree_for(self.interpreter, self.mounts)
        return [place for _, place in tree.binds if any(Path(place).is_relative_to(folder) for folder in SCRATCH)]

    def work_of(self, run: str) -> str:
        """Give the place of a run's folder as the run sees it."""
        return WORK if self.scratch is None else str(self.scratch / run)
