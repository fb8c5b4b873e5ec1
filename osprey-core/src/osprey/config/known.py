"""The keys that Osprey knows and that nothing in this version reads.

A key is taken out of here in the change that gives it a reader. What would be dangerous to accept in silence
does not stand here but in `osprey.config.demands`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from osprey.config.nesting import remove
from osprey.config.nodes import Entry, Path_, Table
from osprey.config.schema import UnservedKey

_NO_DEPLOYMENT: Final = "services are not deployed by this version"
_NO_CONTAINER: Final = "there is no container executor; generated Python runs in the sandbox of this host"
_BY_GUARD: Final = "the guard decides about each write by itself, and reads every write back"
_PLAIN_TRACEBACKS: Final = "what is written of an exception is Python's own traceback"

UNSERVED: Final[dict[str, str]] = {
    "api.providers.*.timeout": "set timeout_s of the role that asks it",
    "applications": _NO_DEPLOYMENT,
    "archiver.settings": "an archiver's settings stand under its own name, archiver.<name>",
    "ariel": "logbook search is not part of this version",
    "build_dir": _NO_DEPLOYMENT,
    "channel_finder.benchmark": "`tests/benchmarks/channel_search.py` measures the search",
    "channel_finder.explicit_validation_mode": "every name that is found stands in the channel directory of the target",
    "channel_finder.pipelines": "every pipeline searches the channel directory of the target (`channels` of a target)",
    "cli": "the command line has no settings of its own",
    "container_runtime": _NO_DEPLOYMENT,
    "control_system.connector.epics.timeout": "set read_timeout_s and write_timeout_s of a target",
    "control_system.connector.timeout": "set read_timeout_s and write_timeout_s of a target",
    "control_system.write_verification": _BY_GUARD,
    "deployed_services": _NO_DEPLOYMENT,
    "deployment": _NO_DEPLOYMENT,
    "development": "use `osprey --debug`",
    "execution.container": _NO_CONTAINER,
    "execution.modes.*.environment": _NO_CONTAINER,
    "execution.modes.*.gateway": "the gateway stands in the settings of a target",
    "execution.modes.*.kernel_name": _NO_CONTAINER,
    "execution_control.limits.max_concurrent_classifications": "all kinds of steps are chosen in one question",
    "file_paths": "records are kept under storage.path",
    "langgraph": "checkpoints are kept under storage.path",
    "logging.logging_colors": "records are not coloured",
    "logging.rich_tracebacks": _PLAIN_TRACEBACKS,
    "logging.show_full_paths": _PLAIN_TRACEBACKS,
    "logging.show_traceback_locals": "a secret may stand in a local variable",
    "models.approval": "no model has a part in approving",
    "models.channel_write": "no model says which values are written; the plan of a request does",
    "project_name": "set facility.name",
    "project_root": "the project is the folder of this file",
    "registry_path": "an application's parts are found as plugins",
    "services": _NO_DEPLOYMENT,
}


def take_unserved(table: Table) -> tuple[Table, tuple[UnservedKey, ...]]:
    """Take every known key that nothing reads out of `table`, and name each with its line and the reason."""
    found: list[UnservedKey] = []
    for pattern, why in UNSERVED.items():
        for path, entry in list(_matches(table, tuple(pattern.split(".")))):
            found.append(UnservedKey(path=".".join(path), line=entry.key_mark.line, why=why))
            table = remove(table, path)
    return table, tuple(sorted(found, key=lambda key: key.line))


def unserved_names(path: Path_) -> Iterator[str]:
    """Give the names of the keys that are known, though not read, directly under `path`."""
    for pattern in UNSERVED:
        steps = tuple(pattern.split("."))
        if len(steps) > len(path) and all(want in ("*", got) for want, got in zip(steps, path, strict=False)):
            yield steps[len(path)]


def _matches(table: Table, pattern: Path_, path: Path_ = ()) -> Iterator[tuple[Path_, Entry]]:
    names = table.entries if pattern[0] == "*" else (pattern[0],)
    for name in names:
        entry = table.entries.get(name)
        if entry is None:
            continue
        if len(pattern) == 1:
            yield (*path, name), entry
        elif isinstance(entry.node, Table):
            yield from _matches(entry.node, pattern[1:], (*path, name))
