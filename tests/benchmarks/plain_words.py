"""The shipped set of requests on the simulated ring, with the built-in phrasebook. Prints a table.

The peer is the phrasebook as it was when the set had just been written and neither had been fitted to the other.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Final

import anyio

from osprey.evaluation.evaluating import Evaluation, evaluate
from osprey.evaluation.runs import read_run
from osprey.evaluation.scoring import Share

BEFORE: Final = {
    "in scope": "135 of 305 (44.3 %)",
    "follow-ups among them": "1 of 25",
    "wrong, and said to be not understood": "161",
    "out of scope": "58 of 58 (100.0 %)",
    "wrong writes": "1",
    "writes exact": "23 of 64",
    "asked where it must": "6 of 20",
    "not understood where it must not": "10 of 10",
    "channels found, F1": "0.661",
    "capabilities, F1": "0.622",
    "meanings right in every phrasing": "27 of 110",
}
"""Measured on 2026-11-30 with the phrasebook of commit 53be70b, of which nothing was known when the set was written."""

_HEAD: Final = """{asked} requests, written before the grammar of the phrasebook was looked at and not fitted to it.
Planned by the phrasebook, without a model; nobody approves. Only the first column is an independent measure: the
phrasebook was improved with the failures of this set in view, in general forms and for no request alone.
"""


def main() -> None:
    """Run the set and print it beside the figures of before."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder, "requests.yml")
        run.write_text("set: osprey_sim:requests.yml\n", encoding="utf-8")
        found = anyio.run(evaluate, read_run(run), Path(folder, "report"))
    print(_HEAD.format(asked=found.scores.asked))
    print("| right | when the set was written | now |\n|---|---|---|")
    for name, now in _figures(found).items():
        print(f"| {name} | {BEFORE.get(name, '')} | {now} |")
    print(f"\nWhat was really changed by all of it: {len(found.effects)} channels.")


def _figures(found: Evaluation) -> dict[str, str]:
    scores = found.scores
    return {
        "in scope": _said(scores.in_scope, with_percent=True),
        "follow-ups among them": _said(scores.by_kind["follow_up"]),
        "wrong, and said to be not understood": str(scores.not_understood_in_scope),
        "out of scope": _said(scores.out_of_scope, with_percent=True),
        "wrong writes": str(scores.wrong_writes),
        "writes exact": _said(scores.writes_exact),
        "asked where it must": _said(scores.asks),
        "not understood where it must not": _said(scores.not_understood),
        "channels found, F1": f"{scores.channels_micro.f1:.3f}",
        "capabilities, F1": f"{scores.capabilities.f1:.3f}",
        "meanings right in every phrasing": _said(scores.groups),
        "seconds a request, median / p95": f"{scores.seconds_median:.3f} / {scores.seconds_p95:.3f}",
    }


def _said(share: Share, *, with_percent: bool = False) -> str:
    text = f"{share.right} of {share.of}"
    return f"{text} ({share.percent:.1f} %)" if with_percent else text


if __name__ == "__main__":
    main()
