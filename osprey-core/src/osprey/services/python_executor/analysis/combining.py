"""The core's analyser together with what plugins add: further libraries, further readers, further policies.

Everything here only adds. The strictest word counts, and whatever fails is a doubt, never a permission.
"""

from __future__ import annotations

import logging
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final, Protocol, cast, runtime_checkable

from attrs import evolve, field, frozen

from osprey.errors import ConfigError
from osprey.services.python_executor.analysis.analyser import analyse
from osprey.services.python_executor.analysis.libraries import Tables, builtin_tables
from osprey.services.python_executor.analysis.report import Analysis, Findings, Remark, Verdict, strictest

if TYPE_CHECKING:
    from osprey.plugins.registry import Registry
    from osprey.project import Project

_log: Final = logging.getLogger(__name__)
_ANALYZERS: Final = "code_analyzers"
_POLICIES: Final = "execution_policies"
_LARGEST_TABLE: Final = 1 << 20


@runtime_checkable
class CodeReader(Protocol):
    """What a `CodeAnalyzer` names: a class that is called without arguments, or an object."""

    def analyze(self, code: str) -> Findings:
        """Say what is found in a text. It must not run it."""
        ...


@runtime_checkable
class CodePolicy(Protocol):
    """What an `ExecutionPolicy` names: a class that is called without arguments, or an object."""

    def decide(self, code: str, analysis: Analysis) -> ExecutionDecision:
        """Say what has to be agreed to before the text runs."""
        ...


@frozen(kw_only=True)
class ExecutionDecision:
    """What has to happen before code runs. It takes away no approval, limit or wall that stands elsewhere."""

    needs_approval: bool = False
    """True if a person has to read the code first."""
    needs_write_access: bool = False
    """True if it makes no sense to run it in a mode that only reads."""
    refusals: tuple[str, ...] = ()
    """Why it must not run at all; none: nothing speaks against it."""
    reasons: tuple[str, ...] = field(default=())


class TableOnly:
    """The reader behind an analyzer that is a table of libraries and nothing else."""

    def analyze(self, code: str) -> Findings:
        """Find nothing: the core's analyser reads the table."""
        del code
        return Findings()


class CodeAnalyst:
    """Reads code for one project. Build it with `analyst_of`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._broken: list[Remark] = []
        self._tables = self._read_tables()

    def analyse(self, source: str | bytes) -> Analysis:
        """Say what a text would do, as the core and every plugin see it."""
        found = analyse(source, self._tables)
        code = source.decode("utf-8", "replace") if isinstance(source, bytes) else source
        doubts = list(self._broken)
        for name in self._registry.names(_ANALYZERS):
            try:
                added = self._reader(name).analyze(code)
                found = _with(found, added)
            except Exception as exc:  # noqa: BLE001  the border of a plugin: its failure is a doubt
                doubts.append(_failed(f"code analyzer {name!r}", exc))
        if not doubts:
            return found
        verdict = strictest(found.verdict, Verdict.CANNOT_TELL)
        return evolve(found, verdict=verdict, doubts=(*found.doubts, *doubts))

    def decide(self, code: str, analysis: Analysis) -> ExecutionDecision:
        """Say what has to be agreed to before the text runs: the strictest of all policies."""
        decision = ExecutionDecision(
            needs_approval=analysis.may_write,
            needs_write_access=analysis.verdict is Verdict.WRITES,
            reasons=("the code may write",) if analysis.may_write else (),
        )
        for name in self._registry.names(_POLICIES):
            try:
                policy = cast("CodePolicy", _made(self._registry.resolve(_POLICIES, name)))
                decision = _stricter(decision, policy.decide(code, analysis))
            except Exception as exc:  # noqa: BLE001  the border of a plugin: its failure asks a person
                remark = _failed(f"execution policy {name!r}", exc)
                decision = _stricter(decision, ExecutionDecision(needs_approval=True, reasons=(remark.message,)))
        return decision

    def _reader(self, name: str) -> CodeReader:
        return cast("CodeReader", _made(self._registry.resolve(_ANALYZERS, name)))

    def _read_tables(self) -> Tables:
        entries = [entry for entry in self._registry.entries(_ANALYZERS) if entry.registration.libraries]
        if not entries:
            return builtin_tables()
        tables = Tables()
        for entry in entries:
            try:
                tables.add(_table_text(entry.registration.libraries), entry.registration.libraries)
            except Exception as exc:  # noqa: BLE001  a table that cannot be read hides a library: a doubt
                self._broken.append(_failed(f"the table of code analyzer {entry.name!r}", exc))
        return tables


def analyst_of(project: Project) -> CodeAnalyst:
    """Give the reader of code of a project."""
    return project.part("code_analyst", lambda opened: CodeAnalyst(opened.registry))


def _made(implementation: Any) -> Any:
    return implementation() if isinstance(implementation, type) else implementation


def _table_text(reference: str) -> str:
    package, _, path = reference.partition(":")
    try:
        text = files(package).joinpath(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError, ModuleNotFoundError) as exc:
        raise ConfigError(f"{reference}: {exc}; the table has to be part of the package that names it") from exc
    if len(text) > _LARGEST_TABLE:
        raise ConfigError(f"{reference}: a table of {len(text)} characters is too large; at most {_LARGEST_TABLE}")
    return text


def _failed(what: str, exc: Exception) -> Remark:
    _log.warning("%s failed: %s", what, exc, exc_info=exc)
    return Remark(line=0, kind="analyzer", message=f"{what} failed ({type(exc).__name__}: {exc}), so it cannot be told")


def _with(found: Analysis, added: Findings) -> Analysis:
    verdicts = [found.verdict, added.verdict]
    if added.writes:
        verdicts.append(Verdict.WRITES)
    if added.doubts:
        verdicts.append(Verdict.CANNOT_TELL)
    return evolve(
        found,
        verdict=strictest(*verdicts),
        writes=tuple(dict.fromkeys((*found.writes, *added.writes))),
        reads=tuple(dict.fromkeys((*found.reads, *added.reads))),
        doubts=tuple(dict.fromkeys((*found.doubts, *added.doubts))),
        dangers=tuple(dict.fromkeys((*found.dangers, *added.dangers))),
    )


def _stricter(one: ExecutionDecision, other: ExecutionDecision) -> ExecutionDecision:
    return ExecutionDecision(
        needs_approval=one.needs_approval or other.needs_approval,
        needs_write_access=one.needs_write_access or other.needs_write_access,
        refusals=tuple(dict.fromkeys((*one.refusals, *other.refusals))),
        reasons=tuple(dict.fromkeys((*one.reasons, *other.reasons))),
    )
