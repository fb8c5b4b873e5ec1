"""What a guest sees of the file system: one description for every tier that can build it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from attrs import frozen

from osprey.services.python_executor.interpreter import Interpreter

WORK = "/osprey/work"
"""The run's own folder; under a name that no host has, so that it hides no interpreter."""

SCRATCH_BYTES = 32 << 20
GUEST = Path(__file__).resolve().parents[3] / "guest"
GUEST_PLACE = Path("/osprey/osprey_guest")
SYSTEM_FILES = ("/etc/ld.so.cache", "/etc/fonts", "/etc/alternatives")
"""The linker's cache, where fonts are, and where Debian's BLAS links point: no secret is in them."""

DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")
_LINKED_FOLDERS = ("lib", "lib32", "lib64", "libx32", "bin", "sbin")
"""Since usrmerge they are links into /usr; on older systems they are folders and are mounted."""

SCRATCH = ("/tmp", "/dev/shm")  # noqa: S108 - in the sandbox


@frozen(kw_only=True)
class Tree:
    """Read-only binds, links, and folders in memory."""

    binds: tuple[tuple[str, str], ...]
    """Source and place; later ones may lie in earlier ones."""
    links: tuple[tuple[str, str], ...]
    """Target and place."""

    def to_json(self) -> dict[str, Any]:
        """Give what the guest's own builder reads."""
        scratch = [(place, SCRATCH_BYTES, "0777") for place in (*SCRATCH, WORK)]
        return {"binds": self.binds, "links": self.links, "scratch": scratch, "package": str(GUEST_PLACE)}


def tree_for(interpreter: Interpreter, mounts: tuple[Path, ...] = ()) -> Tree:
    """Describe the tree of one interpreter: the system's programs, its packages, and what was reviewed."""
    folders = [Path("/", name) for name in _LINKED_FOLDERS]
    own = [*interpreter.prefixes, *mounts]
    shown = ["/usr", *(str(folder) for folder in folders if folder.is_dir() and not folder.is_symlink()), *SYSTEM_FILES]
    shown += [str(path) for path in own if not path.is_relative_to("/usr")]
    return Tree(
        binds=(*((path, path) for path in shown), (str(GUEST), str(GUEST_PLACE))),
        links=tuple((str(folder.readlink()), str(folder)) for folder in folders if folder.is_symlink()),
    )
