"""What is wrong in a configuration: all of it, in one error, each with its place and its remedy."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from attrs import frozen

from osprey.errors import ConfigError


@frozen
class Mark:
    """A place in a file; lines and columns count from 1."""

    file: Path
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}, line {self.line}, column {self.column}"


@frozen(kw_only=True)
class Problem:
    """One thing that is wrong."""

    message: str
    """What happened and how to mend it, without the place."""
    path: str = ""
    """The dotted path of the key; empty for a problem of the file as a whole."""
    mark: Mark | None = None

    def sentence(self, *, with_file: bool = True) -> str:
        """Say it in one line, the place first."""
        place = ""
        if self.mark is not None:
            place = str(self.mark) if with_file else f"line {self.mark.line}, column {self.mark.column}"
        return ": ".join(part for part in (place, self.path, self.message) if part)


class InvalidConfigError(ConfigError):
    """The configuration cannot be used; every problem that was found is in `problems`."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(problems, key=_by_place))
        super().__init__(_tree(self.problems))


def _by_place(problem: Problem) -> tuple[str, int, int]:
    mark = problem.mark
    return ("", 0, 0) if mark is None else (str(mark.file), mark.line, mark.column)


def _tree(problems: tuple[Problem, ...]) -> str:
    if len(problems) == 1:
        return problems[0].sentence()
    files = {problem.mark.file for problem in problems if problem.mark is not None}
    if len(files) != 1:
        return "\n  ".join([f"{len(problems)} problems:", *(problem.sentence() for problem in problems)])
    lines = (problem.sentence(with_file=False) for problem in problems)
    return "\n  ".join([f"{len(problems)} problems in {files.pop()}:", *lines])
