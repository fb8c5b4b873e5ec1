"""Load one plugin and everything it names in a process of its own.

This is the only protection from what ends a process: `os._exit`, an abort in a C library, two libraries
that cannot live together; and from an import that never returns. The child writes what it finds, line by
line, into a file; what it was doing when it ended is the last line.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from osprey.errors import PluginError
from osprey.plugins.journey import Journey, load_candidate
from osprey.plugins.points import noun
from osprey.plugins.references import resolve
from osprey.plugins.scan import Candidate
from osprey.plugins.status import Origin, Phase, PluginStatus, Status

# The path is handed over, because the child must find what this process would find.
_CHILD = (
    "import sys, json; task = json.load(sys.stdin); sys.path[:] = task['path']; "
    "from osprey.plugins.probe import serve; serve(task)"
)
_SHOWN_LINES = 5


@frozen(kw_only=True)
class Probed:
    """What a probe found."""

    status: PluginStatus
    unresolved: tuple[str, ...]


def probe_plugin(candidate: Candidate, *, timeout_s: float) -> Probed:
    """Load `candidate` in a child process and resolve every reference of its registrations."""
    with tempfile.TemporaryDirectory(prefix="osprey-probe-") as folder:
        report, talk = Path(folder, "report"), Path(folder, "talk")
        task = {"path": sys.path, "report": str(report), "candidate": _to_json(candidate)}
        ended = _run_child(task, talk, timeout_s)
        lines = _lines(report)
        status = next((PluginStatus.from_json(line["status"]) for line in lines if "status" in line), None)
        unresolved = tuple(line["unresolved"] for line in lines if "unresolved" in line)
        if lines and "end" in lines[-1] and status is not None:
            return Probed(status=status, unresolved=unresolved)
        doing = next((line["doing"] for line in reversed(lines) if "doing" in line), "starting")
        reason = f"{ended} while {doing}; without it: osprey plugins disable {candidate.name}"
        before = status or evolve(Journey(candidate).status(Status.OK), phase=Phase.IMPORT)
        died = evolve(before, status=Status.BROKEN, reason=reason, trace=_tail(talk))
        return Probed(status=died, unresolved=unresolved)


def _run_child(task: Mapping[str, Any], talk: Path, timeout_s: float) -> str:
    """Run the child to its end and say how it ended; past the deadline its whole process group is killed."""
    with talk.open("wb") as out:
        child = subprocess.Popen(
            [sys.executable, "-P", "-c", _CHILD],
            stdin=subprocess.PIPE,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            child.communicate(json.dumps(task).encode(), timeout=timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            return f"its process did not end within {timeout_s:g} s"
    if child.returncode < 0:
        return f"its process was killed by {signal.Signals(-child.returncode).name}"
    return f"its process ended with exit code {child.returncode}"


def _lines(report: Path) -> list[dict[str, Any]]:
    try:
        text = report.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    # The last line may be half written.
    return [json.loads(line) for line in text.split("\n")[:-1]]


def _tail(talk: Path) -> str:
    lines = talk.read_text(encoding="utf-8", errors="replace").splitlines()
    return "\n".join(lines[-_SHOWN_LINES:])


def _to_json(candidate: Candidate) -> dict[str, Any]:
    return {
        "name": candidate.name,
        "distribution": candidate.distribution,
        "version": candidate.version,
        "module": candidate.module,
        "origin": candidate.origin.value,
        "info": candidate.info,
        "file": candidate.file,
        "summary": candidate.summary,
        "requires": list(candidate.requires),
    }


def serve(task: Mapping[str, Any]) -> None:
    """Do the work of the child process."""
    data: dict[str, Any] = dict(task["candidate"])
    data |= {"origin": Origin(data["origin"]), "requires": tuple(data["requires"])}
    candidate = Candidate(**data)
    with open(task["report"], "a", encoding="utf-8", buffering=1) as report:  # noqa: PTH123 - line by line

        def say(**line: object) -> None:
            report.write(json.dumps(line) + "\n")

        say(doing=f"importing {candidate.module}")
        # Its requirements were checked before the probe; here only what running it shows is looked at.
        outcome = load_candidate(evolve(candidate, requires=()), {}, {}, Phase.DECLARE)
        say(status=evolve(outcome.status, requires=candidate.requires).to_json())
        for point, registrations in outcome.declarations.items():
            for registration in registrations:
                named = (registration.implementation, registration.settings, getattr(registration, "parameters", None))
                for reference in filter(None, named):
                    say(doing=f"loading {reference!r} of {noun(point)} {registration.name!r}")
                    try:
                        resolve(outcome, point, registration, reference)
                    except PluginError as exc:
                        say(unresolved=str(exc))
        say(end=True)
