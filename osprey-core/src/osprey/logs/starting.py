"""Begins logging for one command, at no cost before the first record.

What a record must not show stands in the configuration, and reading that costs more than many a command. So a waiting
place takes the first record, reads the configuration then, and hands over to the place that it names.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from osprey.config.discovery import find_config_file, find_project_dir
from osprey.errors import OspreyError

if TYPE_CHECKING:
    from osprey.config import Config

_MAY_CONFIGURE: Final = re.compile(rb"^(?!\s*#).*logging|\\[xuU]", re.MULTILINE)
"""A line with the word, unless it is a comment; or an escape in a key, which could spell it."""


@contextmanager
def logging_in(start: Path | None, *, environ: Mapping[str, str] | None = None) -> Generator[None]:
    """Write what is logged inside as the project's `logging` says; before and after, nothing of it is in force.

    :param start: the project's folder; None: it is looked for. A broken configuration has the defaults.
    """
    root = logging.getLogger()
    place = _WaitingPlace(start, os.environ if environ is None else environ)
    level = root.level
    root.addHandler(place)
    # Until it is known what is kept, a file that speaks of logging is read at the first record of any level.
    root.setLevel(logging.DEBUG if _speaks_of_logging(start, place.environ) else logging.WARNING)
    try:
        yield
    finally:
        root.removeHandler(place)
        root.setLevel(level)
        place.close()


class _WaitingPlace(logging.Handler):
    """Becomes the configured place with the first record."""

    def __init__(self, start: Path | None, environ: Mapping[str, str]) -> None:
        super().__init__()
        self.environ = environ
        self._start = start
        self._place: logging.Handler | None = None
        self._is_making = False

    def emit(self, record: logging.LogRecord) -> None:
        """Hand the record on, if it is one to be kept. `handle` holds this handler's lock meanwhile."""
        if self._place is None:
            if self._is_making:  # what is said of reading the configuration is not worth an endless loop
                return
            self._is_making = True
            self._place = self._make()
        if record.levelno >= self._place.level:
            self._place.handle(record)

    def close(self) -> None:
        """Close the place, if there ever was a record."""
        if self._place is not None:
            self._place.close()
        super().close()

    def _make(self) -> logging.Handler:
        from osprey.config.masking import masking_of
        from osprey.config.watching import LoggingConfig
        from osprey.logs.forms import form_of
        from osprey.logs.places import FilePlace, StderrPlace

        config = self._config()
        wanted = LoggingConfig() if config is None else config.logging
        place = StderrPlace() if wanted.file is None else FilePlace(wanted.file)
        place.setFormatter(form_of(wanted.format, masking_of(config and config.document, self.environ)))
        place.setLevel(wanted.threshold.value.upper())
        self.setLevel(place.level)
        logging.getLogger().setLevel(place.level)
        return place

    def _config(self) -> Config | None:
        from osprey.config import load_config

        try:
            return load_config(self._start, environ=self.environ)
        except Exception:  # noqa: BLE001 - whoever logs must not fail; the command says so, if it needs the file
            return None


def _speaks_of_logging(start: Path | None, environ: Mapping[str, str]) -> bool:
    try:
        file = find_config_file(find_project_dir(start, environ=environ))
        return file is not None and _MAY_CONFIGURE.search(file.read_bytes()) is not None
    except (OspreyError, OSError):
        return False
