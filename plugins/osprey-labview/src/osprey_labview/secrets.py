"""Reading a secret where the settings say it is; it is never logged, shown or kept in a message."""

from __future__ import annotations

from pathlib import Path

from osprey.api import ConnectorError


def read_secret(plain: str | None, file: Path | None, what: str) -> str | None:
    """Give a secret from its key or from its file, without the line's end; None if neither is there.

    :raises ConnectorError: the file cannot be read or is empty.
    """
    if file is None:
        return plain
    try:
        text = file.read_text(encoding="utf-8").rstrip("\r\n")
    except (OSError, UnicodeDecodeError) as exc:
        reason = exc.strerror if isinstance(exc, OSError) else "it is not UTF-8"
        msg = f"{what}: the file {file} cannot be read ({reason})"
        raise ConnectorError(msg) from exc
    if not text:
        msg = f"{what}: the file {file} is empty"
        raise ConnectorError(msg)
    return text


def read_bytes(file: Path, what: str) -> bytes:
    """Give what a file of the settings holds.

    :raises ConnectorError: it cannot be read.
    """
    try:
        return file.read_bytes()
    except OSError as exc:
        msg = f"{what}: the file {file} cannot be read ({exc.strerror})"
        raise ConnectorError(msg) from exc
