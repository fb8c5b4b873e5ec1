"""Make docs/reference/configuration.md from the tables of the configuration room and the plugins' settings classes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.docs.described import Key, docstrings, is_mapping, keys_of, plain

from osprey.config import layout, load_config, models, schema, watching
from osprey.config.approval import ApprovalConfig
from osprey.config.known import UNSERVED
from osprey.config.model_sections import ModelsLayout
from osprey.config.nesting import MOVED
from osprey.control.limits.limit_entry import ENTRY_KEYS, LimitEntry, Verification
from osprey.control.limits.limit_values import LIMIT_VALUES
from osprey.control.values import ChannelRecord
from osprey.plugins import LoadOptions, load_registry

FRAME = Path(__file__).with_name("configuration.frame.md")
"""The prose of the page; a line ``<!-- name -->`` stands for a table."""

SECTIONS: dict[str, tuple[type, type | None]] = {
    "facility": (schema.FacilityConfig, None),
    "control_system": (layout.ControlSystemLayout, schema.ControlSystemConfig),
    "control_system.targets.<name>": (layout.TargetLayout, schema.TargetConfig),
    "archiver": (layout.ArchiverLayout, None),
    "approval": (layout.ApprovalLayout, ApprovalConfig),
    "execution": (layout.ExecutionLayout, schema.ExecutionConfig),
    "models": (ModelsLayout, None),
    "models.<role>": (models.RoleConfig, None),
    "models.<role>.fallbacks": (models.FallbackConfig, None),
    "api": (models.ApiConfig, None),
    "python_executor": (layout.PythonExecutorLayout, schema.ExecutionConfig),
    "execution_control.limits": (schema.TurnLimits, None),
    "execution_control.agent_control": (schema.AgentControl, None),
    "channel_finder": (schema.ChannelFinderConfig, None),
    "logging": (watching.LoggingConfig, None),
    "telemetry": (watching.TelemetryConfig, None),
    "plugins": (schema.PluginsConfig, None),
    "storage": (layout.StorageLayout, schema.StorageConfig),
}
"""Each section's class in the file, and the class it becomes, which states the defaults."""

SETTINGS = (
    ("connectors", "control_system.connector"),
    ("archivers", "archiver"),
    ("generators", "execution.generators"),
)
NOTIFIERS = "approval.notify.<name>.settings"
COMMAND_SECTIONS = {"generate-soft-ioc": "simulation"}
"""Sections at the top that belong to a command of a plugin."""
OURS = ("osprey-core", "osprey-epics", "osprey-sim")

EVERYTHING_ASKED = """\
execution:
  execution_method: container
control_system:
  limits_checking: {enabled: true}
"""
POWERLESS = """\
approval:
  global_mode: disabled
  capabilities:
    channel_write: {enabled: false}
    python_execution: {mode: disabled}
execution:
  modes:
    read_only: {allows_writes: true}
    write_access: {requires_approval: false}
control_system:
  limits_checking: {enabled: false, on_violation: skip, allow_unlisted_channels: true}
"""


def page() -> str:
    """Give the whole page."""
    tables = {
        "keys": _keys(),
        "settings": _settings(),
        "limits": _limits(),
        "words": _words(),
        "moved": _table(("older place", "read as"), ((_code(old), _code(new)) for old, new in MOVED.items())),
        "unserved": _table(("key", "why, and what to do"), ((_code(k), plain(v)) for k, v in sorted(UNSERVED.items()))),
        "demands": _demands(),
        "powerless": _powerless(),
        "channels": _channels(),
    }
    text = FRAME.read_text(encoding="utf-8")
    for name, table in tables.items():
        assert text.count(f"<!-- {name} -->") == 1, name
        text = text.replace(f"<!-- {name} -->", table.rstrip())
    return text


def layout_keys() -> Iterator[tuple[str, list[Key]]]:
    """Give the keys of every section of the core's own."""
    for section, (cls, values) in SECTIONS.items():
        found = [key for key in keys_of(cls, section, values) if _belongs(key.path, section)]
        yield section, found


def _belongs(path: str, section: str) -> bool:
    nested = [other for other in SECTIONS if other != section and other.startswith(f"{section}.")]
    return not any(path.startswith(f"{other}.") for other in nested)


def settings_keys() -> Iterator[tuple[str, str, list[Key]]]:
    """Give the keys of the sections that Osprey's own plugins declare, with what declares them."""
    registry = load_registry(schema.PluginsConfig(), LoadOptions())
    for point, path in SETTINGS:
        for entry in registry.entries(point):
            cls = registry.settings_class(point, entry.registration.name)
            if entry.distribution in OURS and cls is not None:
                name = f"{path}.{entry.registration.name}"
                yield name, entry.distribution, list(keys_of(cls, name))
    for entry in registry.entries("notifiers"):
        cls = registry.settings_class("notifiers", entry.name)
        if entry.distribution in OURS and cls is not None:
            yield NOTIFIERS, f"{entry.distribution}, `via: {entry.name}`", list(keys_of(cls, NOTIFIERS))
    for command, path in COMMAND_SECTIONS.items():
        cls = registry.settings_class("commands", command)
        assert cls is not None
        yield path, registry.entry("commands", command).distribution, list(keys_of(cls, path))


def word_classes() -> dict[type[Enum], str]:
    """Give the enumerations that keys take their words from, each with the first such key."""
    keys = [key for _, found in layout_keys() for key in found]
    keys += [key for _, _, found in settings_keys() for key in found]
    enums: dict[type[Enum], str] = {}
    for key in keys:
        for kind in key.kind.__args__ if is_mapping(key.kind) else (key.kind,):
            if isinstance(kind, type) and issubclass(kind, Enum):
                enums.setdefault(kind, key.path)
    return {**enums, Verification: "verification", models.ModelRole: "models.<role>"}


def _keys() -> str:
    parts: list[str] = []
    for section, keys in layout_keys():
        parts.append(f"### `{section}`\n\n{_rows(keys)}")
    return "\n".join(parts)


def _settings() -> str:
    return "\n".join(f"### `{path}` ({owner})\n\n{_rows(keys)}" for path, owner, keys in settings_keys())


def _rows(keys: Iterable[Key]) -> str:
    rows = ((f"`{key.path}`", key.type, key.default, key.meaning) for key in keys)
    return _table(("key", "type", "default", "meaning"), rows)


def _limits() -> str:
    told = docstrings(LimitEntry)
    rows = ((f"`{key}`", plain(_reader_words(key)), told.get(key, "")) for key in ENTRY_KEYS)
    return _table(("key", "type", "meaning"), rows)


def _reader_words(key: str) -> str:
    """Let the reader of a key say what it expects, by giving it what no reader accepts."""
    for wrong in (-1, None):
        try:
            LIMIT_VALUES[key](wrong)
        except ValueError as exc:
            return str(exc).removeprefix("expected ").partition(", found")[0].removeprefix("a ")
    raise AssertionError(key)


def _channels() -> str:
    keys = keys_of(ChannelRecord, "channel")
    rows = ((_code(key.path.removeprefix("channel.")), key.type, key.default, key.meaning) for key in keys)
    return _table(("key", "type", "default", "meaning"), rows)


def _words() -> str:
    rows: list[tuple[str, ...]] = []
    for cls, path in word_classes().items():
        told = docstrings(cls)
        rows += [(_code(path), _code(str(member.value)), told[member.name] + _unasked(member)) for member in cls]
    return _table(("key", "word", "meaning"), rows)


def _unasked(member: Enum) -> str:
    """Say of a role that nothing asks a model for it, and why."""
    why = models.UNASKED.get(member) if isinstance(member, models.ModelRole) else None
    return f" **Not asked in this version:** {why}." if why else ""


def _demands() -> str:
    found = _config_of(EVERYTHING_ASKED).demands
    rows = ((_code(demand.path.split(".")), plain(demand.asks), plain(demand.remedy)) for demand in found)
    return _table(("key", "asks for", "what to do"), rows)


def _powerless() -> str:
    sentences = (note.partition(" (line ") for note in _config_of(POWERLESS).notes)
    return _table(("key", ""), ((f"`{path}`", plain(rest.partition(") ")[2])) for path, _, rest in sentences))


def _config_of(text: str) -> schema.Config:
    with TemporaryDirectory() as folder:
        Path(folder, "config.yml").write_text(text, encoding="utf-8")
        return load_config(Path(folder), environ={})


def _code(path: Iterable[str] | str) -> str:
    return f"`{path if isinstance(path, str) else '.'.join(path)}`"


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join(lines) + "\n"
