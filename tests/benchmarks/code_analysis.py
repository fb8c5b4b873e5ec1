"""What looking at a script of 200 lines costs, beside parsing it. Prints a table in Markdown.

The figure is CPU time, because wall time is the neighbours'. With `--check` it fails beyond the budget.
"""

from __future__ import annotations

import argparse
import ast
import statistics
import sys
import time
from collections.abc import Callable

from osprey.services.python_executor.analysis import analyse

BUDGET_MS = 5.0
_HEAD = '''"""Move correctors and measure the orbit."""
import time

import epics
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

'''
_PART = '''
class Corrector{n}:
    """One corrector, moved in steps."""

    def __init__(self, name, limit=2.0):
        self.name = name
        self.limit = limit
        self.setpoint = epics.PV(f"{{name}}:SP")
        self.readback = epics.PV(f"{{name}}:RB")
        self.history = []

    def ramp(self, target, step=0.1):
        start = self.readback.get()
        for value in np.arange(start, target, step):
            if abs(value) > self.limit:
                raise ValueError(f"{{self.name}} would exceed {{self.limit}}")
            self.setpoint.put(float(value), wait=True)
            time.sleep(0.2)
            self.history.append((time.time(), value, self.readback.get()))
        return self.history


def measure{n}(names, count=10):
    rows = []
    for _ in range(count):
        values = [epics.caget(name) for name in names]
        rows.append(dict(zip(names, values)))
        time.sleep(0.1)
    frame = pd.DataFrame(rows)
    return frame.mean(), frame.std()


corrector{n} = Corrector{n}("SR:C{n}:HCM", limit=1.5)
mean{n}, spread{n} = measure{n}(["SR:BPM1:X", "SR:BPM2:X"])
corrector{n}.ramp(0.5)
fig, ax = plt.subplots(figsize=(8, 4))
ax.plot(mean{n}.index, mean{n}.values, "o-", label="orbit")
ax.set_xlabel("BPM")
ax.set_ylabel("x / mm")
fig.savefig("orbit{n}.png")
results = {{"mean": mean{n}.to_dict(), "spread": spread{n}.to_dict()}}
'''
_PURE = '''
def fit{n}(x, y, order=3):
    """Fit a polynomial and give residuals."""
    keep = np.isfinite(x) & np.isfinite(y)
    x, y = x[keep], y[keep]
    coefficients = np.polyfit(x, y, order)
    residuals = y - np.polyval(coefficients, x)
    return coefficients, float(np.sqrt(np.mean(residuals**2)))


table{n} = pd.DataFrame({{"x": np.linspace(0, 1, 50), "y": np.random.default_rng({n}).normal(size=50)}})
table{n}["smooth"] = table{n}["y"].rolling(5, center=True).mean()
for order in (1, 2, 3):
    coefficients, rms = fit{n}(table{n}["x"].to_numpy(), table{n}["smooth"].to_numpy(), order)
    print(f"order {{order}}: rms {{rms:.4f}}")
fig, ax = plt.subplots()
ax.plot(table{n}["x"], table{n}["y"], ".", label="data")
ax.legend()
fig.savefig("fit{n}.png")
results = {{"rms": rms}}
'''


def script(part: str, lines: int = 200) -> str:
    """Give a script of about so many lines."""
    text, n = _HEAD, 0
    while text.count("\n") + part.count("\n") <= lines:
        text, n = text + part.format(n=n), n + 1
    return text + "\n".join(f"value{i} = {i}" for i in range(lines - text.count("\n"))) + "\n"


def cpu_ms(work: Callable[[], object], rounds: int) -> list[float]:
    """Measure a call so often; the first one, which reads the tables, does not count."""
    work()
    found: list[float] = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        found.append((time.process_time() - start) * 1000)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--check", action="store_true", help="fail if the budget is exceeded")
    arguments = parser.parse_args()
    lines = ["| script of 200 lines | `ast.parse`, CPU ms | analysis, CPU ms (median) | min |", "|---|---|---|---|"]
    worst = 0.0
    for name, part in (("moves correctors, reads and plots", _PART), ("computes and plots", _PURE)):
        code = script(part)
        parsed = statistics.median(cpu_ms(lambda code=code: ast.parse(code), arguments.rounds))
        spent = cpu_ms(lambda code=code: analyse(code), arguments.rounds)
        worst = max(worst, statistics.median(spent))
        lines.append(f"| {name} | {parsed:.2f} | {statistics.median(spent):.2f} | {min(spent):.2f} |")
    print("\n".join(lines))
    if arguments.check and worst > BUDGET_MS:
        sys.exit(f"{worst:.2f} ms, budget {BUDGET_MS:g} ms")


if __name__ == "__main__":
    main()
