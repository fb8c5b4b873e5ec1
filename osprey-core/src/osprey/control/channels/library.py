"""The directory of a channel list, with its index kept beside the project so that a start need not build it."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path
from typing import Final

from osprey.control.channels import tables, words
from osprey.control.channels.channel_file import parse_channels, read_list
from osprey.control.channels.directory import ChannelDirectory
from osprey.control.channels.shelf import MemoryShelf
from osprey.control.channels.stored_shelf import StoredShelf, remove_others, store_shelf
from osprey.models import phrasebook

_WORTH_KEEPING: Final = 200_000
"""Bytes of a list whose index is kept; a shorter one is built before a file could be opened."""
_FORM: Final = "1"
"""Changes whenever the file's tables do."""
_PATTERN: Final = "channels-*.index"


def open_directory(path: Path, keep_in: Path | None = None) -> ChannelDirectory:
    """Give the directory of a channel list, from its kept index if that belongs to exactly this content.

    :param keep_in: a private folder for the index of a long list; None: nothing is kept.
    :raises ConfigError: the list cannot be used, as `load_channels` says.
    """
    content = read_list(path)
    if keep_in is None or len(content) < _WORTH_KEEPING:
        return ChannelDirectory(parse_channels(path, content))
    kept = keep_in / f"channels-{_key(path, content)}.index"
    try:
        return ChannelDirectory(StoredShelf(kept))
    except (OSError, sqlite3.Error):
        # It was never made, or it was damaged: the list itself is what counts.
        shelf = MemoryShelf(parse_channels(path, content))
    try:
        keep_in.mkdir(mode=0o700, parents=True, exist_ok=True)
        store_shelf(shelf, kept)
        remove_others(kept, _PATTERN)
    except (OSError, sqlite3.Error):
        # A full disk makes the next start slower and nothing else.
        return ChannelDirectory(shelf)
    return ChannelDirectory(shelf)


def _key(path: Path, content: bytes) -> str:
    """Give what the index depends on: the list, how it is read, and the code that cuts words and joins synonyms."""
    digest = hashlib.sha256(f"{_FORM}\0{path.suffix.lower()}\0".encode())
    code = [Path(words.__file__), Path(tables.__file__), *sorted(Path(phrasebook.__file__).parent.glob("synonyms.py"))]
    readers = sorted(Path(words.__file__).parent.rglob("*.py"))
    for file in dict.fromkeys((*code, *readers)):
        digest.update(file.read_bytes())
    digest.update(content)
    return digest.hexdigest()[:40]
