"""The file while it is being checked: what is left to structure, and what was found wrong."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

from attrs import field, mutable

from osprey.config._serialization import structure
from osprey.config.known import take_unserved, unserved_names
from osprey.config.nesting import remove, unify
from osprey.config.nodes import Path_, Scalar, Table, find, is_empty
from osprey.config.problems import InvalidConfigError, Problem
from osprey.config.schema import UnservedKey
from osprey.config.section import Section
from osprey.config.spellings import respell
from osprey.config.variables import expand_variables

T = TypeVar("T")


@mutable(kw_only=True)
class Draft:
    """The file while it is being checked, and what was found."""

    table: Table
    """What is still to be structured."""
    document: Table
    """All of it, for lines."""
    problems: list[Problem] = field(factory=list[Problem])
    notes: list[str] = field(factory=list[str])
    unserved: tuple[UnservedKey, ...] = ()

    @classmethod
    def of(cls, table: Table, environ: Mapping[str, str]) -> Draft:
        """Bring what was read to one shape, with variables expanded."""
        expanded, problems = expand_variables(table, environ)
        unified, contradictions = unify(expanded)
        document, notes = respell(unified)
        rest, unserved = take_unserved(document)
        return cls(
            table=rest,
            document=document,
            problems=problems + contradictions,
            notes=notes,
            unserved=unserved,
        )

    def section(self, name: str, wanted: type[T]) -> T:
        """Structure one section; one with problems, which are kept, gives its defaults for now."""
        entry = self.table.entries.get(name)
        if entry is None or is_empty(entry.node):
            return wanted()
        if not isinstance(entry.node, Table):
            message = "expected a section: write it as indented 'key: value' lines"
            self.problems.append(Problem(message=message, path=name, mark=entry.node.mark))
            return wanted()
        try:
            return structure(wanted, Section(entry.node, (name,)), path=(name,), known=unserved_names)
        except InvalidConfigError as exc:
            self.problems += exc.problems
            return wanted()

    def take_scalar(self, path: Path_) -> Scalar | None:
        """Take one value out of what is still to be structured."""
        entry = find(self.table, path)
        if entry is None or not isinstance(entry.node, Scalar):
            return None
        self.table = remove(self.table, path)
        return entry.node

    def line_of(self, path: str) -> int:
        """Give the line of a key, or of the nearest section above it that is in the file."""
        steps = tuple(path.split("."))
        while steps:
            if (entry := find(self.document, steps)) is not None:
                return entry.key_mark.line
            steps = steps[:-1]
        return 0
