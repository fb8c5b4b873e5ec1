"""The folder that Claude Code works in: what it may read, and nothing else of this host."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from attrs import frozen

from osprey.api import WritingBrief
from osprey_claude.code.settings import Guidance

_KINDS: Final = (".py", ".md")
_MOST_FILES: Final = 500
_MOST_BYTES: Final = 8 << 20
_LARGEST: Final = 256 << 10


@frozen(kw_only=True)
class Scratch:
    """One program's folders."""

    work: Path
    """What is read: examples and guidance."""
    home: Path
    """Where Claude Code keeps its own files; it is told of no other home."""


@contextmanager
def scratch_for(brief: WritingBrief, guidance: Mapping[str, Guidance]) -> Iterator[Scratch]:
    """Make the folders, private, and remove them with everything in them at the end."""
    with TemporaryDirectory(prefix="osprey-claude-", ignore_cleanup_errors=True) as folder:
        scratch = Scratch(work=Path(folder).resolve() / "work", home=Path(folder).resolve() / "home")
        scratch.work.mkdir(mode=0o700)
        scratch.home.mkdir(mode=0o700)
        _write_examples(scratch.work, brief)
        _copy_guidance(scratch.work, guidance)
        yield scratch


def reading_list(work: Path) -> str:
    """Give the files that there are to read, a line each; empty if there are none."""
    return "\n".join(str(path.relative_to(work)) for path in sorted(work.rglob("*")) if path.is_file())


def _write_examples(work: Path, brief: WritingBrief) -> None:
    folder = work / "examples"
    for number, example in enumerate(brief.examples, start=1):
        folder.mkdir(exist_ok=True)
        title = " ".join(example.title.split())
        (folder / f"example_{number:02}.py").write_text(f"# {title}\n{example.code}", encoding="utf-8")


def _copy_guidance(work: Path, guidance: Mapping[str, Guidance]) -> None:
    files, room = 0, _MOST_BYTES
    for name, one in guidance.items():
        folder = work / "codebase" / (re.sub(r"[^\w-]+", "_", name) or "part")
        folder.mkdir(parents=True, exist_ok=True)
        if one.guidance:
            (folder / "GUIDANCE.md").write_text(one.guidance, encoding="utf-8")
        for source, relative in _programs(one.directories):
            size = source.stat().st_size
            if size > _LARGEST or size > room or files >= _MOST_FILES:
                continue
            target = folder / relative
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
            files, room = files + 1, room - size


def _programs(directories: tuple[Path, ...]) -> Iterator[tuple[Path, Path]]:
    """Give the files of folders that a program can be learned from; links are not followed."""
    for directory in directories:
        for path in sorted(directory.rglob("*")):
            if path.suffix in _KINDS and path.is_file() and not path.is_symlink():
                yield path, Path(directory.name) / path.relative_to(directory)
