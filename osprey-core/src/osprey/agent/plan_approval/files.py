"""Plans as files: one a request, for reading and editing. What stands in a file is executed by nothing.

An edited file becomes a request of its own when it is submitted, with everything checked again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

from osprey.approval.kinds.document import read_content
from osprey.errors import StorageError, UsageError
from osprey.services.python_executor.record import write_private

if TYPE_CHECKING:
    from osprey.journal import RequestRow
    from osprey.project import Project

FOLDER: Final = "pending_plans"
_LARGEST: Final = 4 * 1024 * 1024
"""Bytes; a plan of a thousand steps has a tenth of that."""


def plan_file(project: Project, request_id: str) -> Path:
    """Give where the file of a plan's request is, whether it is there or not.

    :raises UsageError: the id could not be one of ours, such as a path.
    """
    if not request_id.replace("-", "").isalnum():
        msg = f"{request_id!r} is no id of a request: `osprey plans list` shows those there are"
        raise UsageError(msg)
    return project.state_dir / FOLDER / f"{request_id}.json"


def write_plan_file(project: Project, row: RequestRow) -> Path:
    """Write the plan of a request for a person to read and edit; a file that is there already stays as it is."""
    path = plan_file(project, row.id)
    if path.exists():
        return path
    path.parent.mkdir(mode=0o700, exist_ok=True)
    plan = read_content(row.kind, row.document)["plan"]
    text = json.dumps({"request": row.id, "sha256": row.sha256, "plan": plan}, indent=2, ensure_ascii=False)
    write_private(path, f"{text}\n".encode())
    return path


def read_plan_file(project: Project, row: RequestRow, file: Path | None = None) -> Any:
    """Give the plan that a file holds now, as plain JSON that nobody has checked yet.

    :param file: another file than the request's own.
    :raises UsageError: it is not there, not JSON, not a plan's file, or the file of another request.
    """
    path = file or plan_file(project, row.id)
    try:
        with path.open("rb") as opened:
            text = opened.read(_LARGEST + 1)
        if len(text) > _LARGEST:
            msg = f"{path} is larger than {_LARGEST} bytes: that is no plan"
            raise UsageError(msg)
        found: Any = json.loads(text, parse_constant=_refuse_constant, object_pairs_hook=_once)
    except FileNotFoundError as exc:
        msg = f"there is no file {path}: `osprey plans edit {row.id}` makes it"
        raise UsageError(msg) from exc
    except OSError as exc:
        msg = f"{path} cannot be read: {exc}"
        raise StorageError(msg) from exc
    except (ValueError, RecursionError) as exc:
        msg = f"{path} is not JSON: {exc}"
        raise UsageError(msg) from exc
    return _plan_in(found, path, row)


def _plan_in(found: Any, path: Path, row: RequestRow) -> Any:
    if not isinstance(found, dict) or set(cast("dict[str, Any]", found)) != {"request", "sha256", "plan"}:
        msg = f"{path} is no file of a plan: it has the keys request, sha256 and plan, and no others"
        raise UsageError(msg)
    given = cast("dict[str, Any]", found)
    if (given["request"], given["sha256"]) != (row.id, row.sha256):
        msg = f"{path} is the file of request {given['request']}, not of {row.id}: submit it for its own request"
        raise UsageError(msg)
    return given["plan"]


def discard_plan_file(project: Project, row: RequestRow) -> str:
    """Remove the file of a request that has ended; one that was edited and never submitted stays, and is told of."""
    path = plan_file(project, row.id)
    if not path.exists():
        return ""
    try:
        is_as_filed = read_plan_file(project, row) == read_content(row.kind, row.document)["plan"]
    except (UsageError, StorageError):
        is_as_filed = False
    if is_as_filed:
        path.unlink(missing_ok=True)
        return ""
    return f"the edited plan in {path} was never submitted, and nothing of it was done"


def _refuse_constant(name: str) -> Any:
    msg = f"{name} is no number of a plan"
    raise ValueError(msg)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Refuse a key that stands twice: which of the two counts would be anybody's guess."""
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        msg = f"the key {twice!r} stands twice"
        raise ValueError(msg)
    return found
