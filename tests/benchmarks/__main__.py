"""Run every benchmark and write docs/reference/benchmarks.md: `make bench`.

Each figure stands beside its peer, measured in the same run; read the ratios, not the absolute times.
"""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/reference/benchmarks.md"

BENCHMARKS = {
    "Start-up of the command line, 12 plugins": "tests/benchmarks/startup.py",
    "Sandboxed runs of a NumPy script": "tests/benchmarks/python_runs.py",
    "Looking at code before it runs": "tests/benchmarks/code_analysis.py",
    "Channel search": "tests/benchmarks/channel_search.py",
    "Channel finding without a model": "tests/benchmarks/channel_recall.py",
    "Requests in plain words": "tests/benchmarks/plain_words.py",
    "From a decision to its claim, and the inbox of a restarted process": "tests/benchmarks/approval.py",
    "A turn of the agent": "tests/benchmarks/agent_turn.py",
    "1000 EPICS channels": "plugins/osprey-epics/benchmarks/ca_batch.py",
    "EPICS: 50 missing and 50 good channels": "plugins/osprey-epics/benchmarks/missing.py",
    "EPICS monitors": "plugins/osprey-epics/benchmarks/monitors.py",
    "Archiver Appliance, 100,000 samples": "plugins/osprey-epics/benchmarks/archiver.py",
    "EPICS writes through the guard": "plugins/osprey-epics/benchmarks/guarded.py",
    "1000 OPC UA nodes": "plugins/osprey-labview/benchmarks/opcua_batch.py",
    "1000 Tango attributes": "plugins/osprey-tango/benchmarks/tango_batch.py",
}


def main() -> None:
    """Run all, or those whose file name holds a word of the command line; write the page if all ran."""
    words = sys.argv[1:]
    sections: list[str] = []
    for title, script in BENCHMARKS.items():
        if words and not any(word in script for word in words):
            continue
        done = subprocess.run([sys.executable, script], cwd=ROOT, text=True, stdout=subprocess.PIPE, check=True)
        sections.append(f"## {title}\n\n`python {script}`\n\n{done.stdout.strip()}\n")
        print(sections[-1], flush=True)
    if not words:
        PAGE.write_text("\n".join([_heading(), *sections]), encoding="utf-8")
        print(f"wrote {PAGE.relative_to(ROOT)}")


def _heading() -> str:
    return f"""# Benchmarks

Written by `make bench` on {datetime.now(UTC):%Y-%m-%d} with Python {platform.python_version()} on {platform.system()},
{os.cpu_count()} processors. Each figure stands beside its peer, measured in the same run: read ratios, not times.
"""


if __name__ == "__main__":
    main()
