"""Files of what is too large for a turn's state: the state keeps a handle and a bounded preview.

The form is JSON: it keeps every number to the last bit, a person can read it, and no reader of it runs anything
(an array file of NumPy may hold pickled objects, and the core does not depend on NumPy). The name of a file holds
its hash, and what is read back is checked against the handle.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast

import cattrs
from attrs import frozen

from osprey.base.contexts.context import ARTIFACT_KEY, CONTEXT_TYPE_KEY, PREVIEW_KEY, PROVENANCE_KEY, untyped
from osprey.base.contexts.preview import preview_of
from osprey.errors import StorageError, UsageError

MOST_INLINE_BYTES: Final = 4096
"""A context with more JSON than this is kept as an artifact."""
LARGEST_BYTES: Final = 256 << 20
"""What one step may leave behind: more could not be given to a later step in one piece."""
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]+")


@frozen(kw_only=True)
class ArtifactHandle:
    """Where the data lie, relative to `runs/`, and what they are."""

    path: str
    sha256: str
    bytes: int
    form: str = "json"


class Artifacts:
    """The artifacts of one project."""

    def __init__(self, state_dir: Path) -> None:
        self._runs = state_dir / "runs"

    def keep(self, context: Mapping[str, Any], folder: str, name: str, as_file: bool = False) -> dict[str, Any]:
        """Give a context as the state may hold it: as it is, or with its fields in a file of a run's folder.

        Doing it twice with the same data gives the same file.

        :param folder: the name of the run's folder under `runs/`; it is made if it is not there.
        :param as_file: a file is made however little there is.
        :raises UsageError: it is larger than a step may leave behind. :raises StorageError: it cannot be written.
        """
        text = json.dumps(untyped(context), allow_nan=False, separators=(",", ":")).encode()
        if ARTIFACT_KEY in context or (len(text) <= MOST_INLINE_BYTES and not as_file):
            return dict(context)
        if len(text) > LARGEST_BYTES:
            msg = f"'{name}' would leave {len(text)} bytes behind; at most {LARGEST_BYTES} are kept: reduce the data"
            raise UsageError(msg)
        digest = hashlib.sha256(text).hexdigest()
        stem = _UNSAFE.sub("-", name)[:60].strip(".-") or "data"
        place = f"{_UNSAFE.sub('-', folder)[:100].strip('.-') or 'run'}/{stem}-{digest[:12]}.json"
        self._write(self._runs / place, text)
        handle = ArtifactHandle(path=place, sha256=digest, bytes=len(text))
        return {
            CONTEXT_TYPE_KEY: context.get(CONTEXT_TYPE_KEY, ""),
            PROVENANCE_KEY: context.get(PROVENANCE_KEY),
            ARTIFACT_KEY: cattrs.unstructure(handle),
            PREVIEW_KEY: preview_of(untyped(context)),
        }

    def load(self, context: Mapping[str, Any]) -> dict[str, Any]:
        """Give a context in full: as it is, or with its fields from their file.

        :raises StorageError: the file is gone or is not what was kept there.
        """
        if ARTIFACT_KEY not in context:
            return dict(context)
        handle = _handle(context[ARTIFACT_KEY])
        kept = {key: value for key, value in context.items() if key not in (ARTIFACT_KEY, PREVIEW_KEY)}
        return {**kept, **self.read(handle)}

    def read(self, handle: ArtifactHandle) -> dict[str, Any]:
        """Give the data of a handle.

        :raises StorageError: the file is gone or is not what was kept there.
        """
        path = self.path_of(handle)
        try:
            data = path.read_bytes()
        except OSError as exc:
            msg = f"the data in {path} cannot be read ({exc.strerror}): ask again, or take the file from a backup"
            raise StorageError(msg) from exc
        if hashlib.sha256(data).hexdigest() != handle.sha256:
            msg = f"the data in {path} are not what was kept there: ask again, or take the file from a backup"
            raise StorageError(msg)
        return cast("dict[str, Any]", json.loads(data))

    def path_of(self, handle: ArtifactHandle) -> Path:
        """Give the file of a handle.

        :raises StorageError: it would lie outside the runs of this project.
        """
        path = (self._runs / handle.path).resolve()
        if not path.is_relative_to(self._runs.resolve()):
            msg = f"an artifact cannot lie at {handle.path!r}: it is outside {self._runs}"
            raise StorageError(msg)
        return path

    def _write(self, path: Path, data: bytes) -> None:
        """Write a file that only its owner reads, whole or not at all."""
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW
            with os.fdopen(os.open(draft, flags, 0o600), "wb") as file:
                file.write(data)
            draft.replace(path)
        except OSError as exc:
            with suppress(OSError):
                draft.unlink(missing_ok=True)
            msg = f"the data of this step cannot be written to {path} ({exc.strerror}): look for a full disk"
            raise StorageError(msg) from exc


def _handle(plain: Any) -> ArtifactHandle:
    try:
        return cattrs.structure(plain, ArtifactHandle)
    except (cattrs.BaseValidationError, TypeError, ValueError) as exc:
        msg = f"{plain!r} is no handle of an artifact: ask again"
        raise StorageError(msg) from exc
