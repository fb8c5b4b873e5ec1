"""What a start of the command line costs, beside starting Python, in one interleaved run.

Run it with the interpreter that has Osprey installed: `python tests/benchmarks/startup.py [--rounds N]`. It
prints a table in Markdown; the figure is CPU time (user and system), because wall time is the neighbours'. With
`--check` it fails if a command costs more than its budget.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PLUGINS = 12
BUDGET = 10.0
_OLD = 1_700_000_000

_MODULE = '''"""Toy plugin {n}: a connector, a capability and a command."""

from __future__ import annotations

from collections.abc import Iterable

from osprey.api import Capability, Command, Connector, hookimpl


@hookimpl
def osprey_connectors() -> Iterable[Connector]:
    yield Connector(name="toy{n}", summary="A toy", implementation="osprey_toy{n}.heavy:ToyConnector")


@hookimpl
def osprey_capabilities() -> Iterable[Capability]:
    yield Capability(name="toy_step{n}", summary="A toy step", implementation="osprey_toy{n}.heavy:Step")


@hookimpl
def osprey_commands() -> Iterable[Command]:
    yield Command(name="toy{n}", summary="Play with toy {n}", implementation="osprey_toy{n}.heavy:toy")
'''
_METADATA = """Metadata-Version: 2.4
Name: osprey-toy{n}
Version: 1.{n}
Summary: Toy {n}
Requires-Dist: osprey-core<0.2,>=0.1
Requires-Dist: attrs>=25
"""


def install_toys(site: Path, count: int = PLUGINS) -> None:
    """Install toy plugins, each with a heavy implementation, as `dist-info` folders in `site`."""
    for n in range(count):
        package = site / f"osprey_toy{n}"
        package.mkdir(parents=True)
        (package / "__init__.py").write_text("", encoding="utf-8")
        (package / "plugin.py").write_text(_MODULE.format(n=n), encoding="utf-8")
        heavy = "import langgraph.graph, numpy, sqlalchemy, httpx\n"
        (package / "heavy.py").write_text(heavy, encoding="utf-8")
        info = site / f"osprey_toy{n}-1.{n}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(_METADATA.format(n=n), encoding="utf-8")
        entry = f"[osprey.plugins]\ntoy{n} = osprey_toy{n}.plugin\n"
        (info / "entry_points.txt").write_text(entry, encoding="utf-8")
    # Without byte code every run would compile anew, which no installed plugin does.
    compileall.compile_dir(str(site), quiet=1)
    # What has just been written is not yet believed by the cache.
    for path in [*site.rglob("*"), site]:
        os.utime(path, (_OLD, _OLD))


def cpu_ms(command: Sequence[str], environ: Mapping[str, str]) -> float:
    """Run a command and give the CPU time of its process, in milliseconds."""
    silence = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in (0, 1)]
    pid = os.posix_spawn(command[0], list(command), dict(environ), file_actions=silence)
    _, status, usage = os.wait4(pid, 0)
    if os.waitstatus_to_exitcode(status) != 0:
        sys.exit(f"{' '.join(command)} failed")
    return (usage.ru_utime + usage.ru_stime) * 1000


def measure(rounds: int) -> dict[str, list[float]]:
    """Measure every case once a round, in turn, so that all meet the same load."""
    osprey = [sys.executable, "-m", "osprey"]
    with tempfile.TemporaryDirectory(prefix="osprey-startup-") as folder:
        root = Path(folder)
        site, project = root / "site", root / "project"
        project.mkdir()
        os.utime(project, (_OLD, _OLD))
        install_toys(site)
        os.chdir(project)
        environ = {**os.environ, "PYTHONPATH": str(site), "XDG_CACHE_HOME": str(root / "cache")}
        cold = {**environ, "XDG_CACHE_HOME": "/dev/null/nowhere"}
        cases: dict[str, tuple[list[str], dict[str, str]]] = {
            "python -c pass": ([sys.executable, "-c", "pass"], environ),
            "osprey --help": ([*osprey, "--help"], environ),
            "osprey plugins list": ([*osprey, "plugins", "list"], environ),
            "osprey plugins list --fast": ([*osprey, "plugins", "list", "--fast"], environ),
            "osprey plugins list --fast, no cache": ([*osprey, "plugins", "list", "--fast"], cold),
            "osprey plugins list, no cache": ([*osprey, "plugins", "list"], cold),
            "osprey --help, no cache": ([*osprey, "--help"], cold),
        }
        for command, env in cases.values():
            cpu_ms(command, env)
        _assert_cached(root / "cache")
        figures: dict[str, list[float]] = {name: [] for name in cases}
        for _ in range(rounds):
            for name, (command, env) in cases.items():
                figures[name].append(cpu_ms(command, env))
    return figures


def _assert_cached(cache: Path) -> None:
    """Fail rather than measure a warm cache that is none."""
    if not list(cache.glob("osprey/plugins-*.json")):
        sys.exit("the listing was not cached: something on sys.path changed within the last seconds; try again")


def table(figures: Mapping[str, Sequence[float]]) -> str:
    """Lay the figures out as Markdown."""
    base = statistics.median(figures["python -c pass"])
    lines = ["| command | CPU ms (median) | min | × pass |", "|---|---|---|---|"]
    for name, values in figures.items():
        middle = statistics.median(values)
        lines.append(f"| `{name}` | {middle:.1f} | {min(values):.1f} | {middle / base:.1f} |")
    return "\n".join(lines)


def over_budget(figures: Mapping[str, Sequence[float]]) -> list[str]:
    """Name the commands with a budget that cost more; the median of the ratios within each round decides."""
    base = figures["python -c pass"]
    budgeted = ("osprey --help", "osprey plugins list", "osprey plugins list --fast")
    ratios = {n: statistics.median(a / b for a, b in zip(figures[n], base, strict=True)) for n in budgeted}
    return [f"{name}: {ratio:.1f} × pass, budget {BUDGET:g}" for name, ratio in ratios.items() if ratio > BUDGET]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--check", action="store_true", help="fail if a budget is exceeded")
    parser.add_argument("--json", action="store_true", help="print the raw figures instead of the table")
    arguments = parser.parse_args()
    figures = measure(arguments.rounds)
    when = time.strftime("%Y-%m-%d", time.gmtime())
    heading = f"{PLUGINS} plugins, Python {sys.version.split()[0]}, {os.cpu_count()} cores, {when}\n"
    print(json.dumps(figures) if arguments.json else f"{heading}\n{table(figures)}")
    if arguments.check and (problems := over_budget(figures)):
        sys.exit("\n".join(problems))


if __name__ == "__main__":
    main()
