"""The folder of a project's snapshots."""

from __future__ import annotations

import os
import re
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from osprey.control.snapshots.snapshot import Snapshot, dump, load
from osprey.errors import UsageError

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RESERVED: Final = "machine"


class SnapshotFolder:
    """``snapshots/NAME.json`` in the project's folder, to be read, copied and kept under version control."""

    def __init__(self, root: Path) -> None:
        self.path: Final = root / "snapshots"

    def file(self, name: str) -> Path:
        """Give the file of a name.

        :raises UsageError: a file cannot be called so, or the name means something else.
        """
        if not _NAME.fullmatch(name) or name == _RESERVED:
            msg = f"a snapshot cannot be named {name!r}: use letters, digits, '.', '_' and '-', and not {_RESERVED!r}"
            raise UsageError(msg)
        return self.path / f"{name}.json"

    def save(self, snapshot: Snapshot, *, replace: bool = False) -> Path:
        """Keep a snapshot; the file is there whole or not at all.

        :raises UsageError: there is one of this name already.
        """
        file = self.file(snapshot.name)
        self.path.mkdir(parents=True, exist_ok=True)
        draft = file.with_name(f".{file.name}.{os.getpid()}")
        try:
            draft.write_text(dump(snapshot), encoding="utf-8")
            if replace:
                draft.replace(file)
            else:
                # A link, unlike a rename, fails if another process was quicker.
                os.link(draft, file)
        except FileExistsError as exc:
            msg = f"there is a snapshot {snapshot.name!r} already: choose another name, or use --replace"
            raise UsageError(msg) from exc
        finally:
            draft.unlink(missing_ok=True)
        return file

    def load(self, name: str) -> Snapshot:
        """Give a snapshot.

        :raises UsageError: there is none of this name, or its file is not as it was saved.
        """
        file = self.file(name)
        try:
            text = file.read_text(encoding="utf-8")
        except FileNotFoundError as exc:
            near = get_close_matches(name, self.names(), n=1)
            hint = f"did you mean {near[0]!r}?" if near else "osprey snapshot list shows what there is"
            msg = f"there is no snapshot {name!r}; {hint}"
            raise UsageError(msg) from exc
        except UnicodeDecodeError as exc:
            msg = f"{file} is no snapshot ({exc}): save it again, or take it from a backup"
            raise UsageError(msg) from exc
        return load(text, str(file))

    def names(self) -> list[str]:
        """Name the snapshots, in the order of the alphabet."""
        return sorted(file.stem for file in self.path.glob("*.json") if _NAME.fullmatch(file.stem))
