"""`config.yml` as it is written: its list of disabled plugins is changed, its comments and order are kept."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML, util
from ruamel.yaml.error import YAMLError

from osprey.errors import ConfigError
from osprey.plugins.scan import normalized

_PREFIXES: Final = ("osprey", "framework")
_NO_WRAPPING: Final = 10_000


class ConfigDocument:
    """One configuration file, read with its comments; an absent one is empty.

    :raises ConfigError: the file is no YAML mapping, or its `plugins` section has another shape.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        # ruamel's round-trip types are containers of anything, as a document is.
        self._yaml: Any = YAML(typ="rt")
        self._yaml.preserve_quotes = True
        self._yaml.width = _NO_WRAPPING
        self._root: dict[Any, Any] = self._load()

    def names(self, spellings: set[str]) -> list[int]:
        """Give where the list of disabled plugins holds one of the normalised names."""
        disabled = self._disabled() or []
        return [i for i, entry in enumerate(disabled) if normalized(str(entry)) in spellings]

    def add(self, name: str, spellings: set[str]) -> bool:
        """Put `name` in unless one of its spellings is there; True if that changes anything."""
        if self.names(spellings):
            return False
        section = self._section()
        if section is None:
            section = self._root["plugins"] = {}
        disabled = self._disabled()
        if disabled is None:
            section["disable"] = [name]
        else:
            disabled.append(name)
        return True

    def remove(self, spellings: set[str]) -> bool:
        """Take every spelling out; True if that changes anything."""
        found = self.names(spellings)
        disabled = self._disabled() or []
        for index in reversed(found):
            del disabled[index]
        return bool(found)

    def save(self) -> None:
        """Write the whole file or nothing of it; a link keeps pointing to what it points to."""
        out = io.StringIO()
        self._yaml.dump(self._root, out)
        target = Path(os.path.realpath(self._file))
        draft = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            draft.write_text(out.getvalue(), encoding="utf-8")
            if target.exists():
                draft.chmod(target.stat().st_mode & 0o777)
            draft.replace(target)
        except OSError as exc:
            draft.unlink(missing_ok=True)
            raise ConfigError(f"{self._file} cannot be written: {exc.strerror}") from exc

    def _load(self) -> dict[Any, Any]:
        guess: Any = getattr(util, "load_yaml_guess_indent")  # noqa: B009 - it is not typed
        try:
            text = self._file.read_text(encoding="utf-8")
            _, indent, offset = guess(text, yaml=YAML(typ="rt"))
            root: object = self._yaml.load(text)
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeError, YAMLError) as exc:
            raise ConfigError(f"{self._file} cannot be read, correct it first: {exc}") from exc
        if indent is not None and offset is not None:
            self._yaml.indent(mapping=2, sequence=indent, offset=offset)
        return self._mapping(root, "it") if root is not None else {}

    def _section(self) -> dict[Any, Any] | None:
        for holder in (self._root, *(self._root.get(prefix) for prefix in _PREFIXES)):
            if isinstance(holder, dict) and "plugins" in holder:
                section: object = holder["plugins"]  # pyright: ignore[reportUnknownVariableType]
                if section is not None:
                    return self._mapping(section, "'plugins'")
        return None

    def _disabled(self) -> list[Any] | None:
        section = self._section()
        found: Any = section.get("disable") if section is not None else None
        if found is not None and list not in type(found).__mro__:
            raise ConfigError(f"{self._file}: 'plugins.disable' must be a list of names, such as [tango]")
        return found

    def _mapping(self, value: Any, what: str) -> dict[Any, Any]:
        if not isinstance(value, dict):
            raise ConfigError(f"{self._file}: {what} must be a mapping of keys, such as 'plugins:'")
        return value  # pyright: ignore[reportUnknownVariableType]
