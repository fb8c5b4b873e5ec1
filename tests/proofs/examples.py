"""The sections on what Hypothesis tries: the guard's bounds, and whole lives of approvals."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Final

from attrs import frozen
from tests.proofs.section import MEMORY, SEED, Section

ROOT: Final = Path(__file__).parents[2]
EXAMPLES: Final = 100_000
LIVES: Final = 10_000
PROCESSES: Final = 2


@frozen
class _Ran:
    said: list[str]
    is_broken: bool


def guard() -> Section:
    """Run the guard's property tests with the full number of examples."""
    ran = _run("osprey-core/tests/control/test_proof.py", "OSPREY_PROOF_EXAMPLES", EXAMPLES)
    counts = [re.search(r"^(\d+) batches, \d+ allowed, (\d+) puts, no escape", text, re.MULTILINE) for text in ran.said]
    batches, puts = (sum(int(count[place]) for count in counts if count) for place in (1, 2))
    is_broken = ran.is_broken or not all(counts)
    text = f"""## The guard's bounds

{batches} batches under as many limits files, of values, names (fields, modifiers, aliases, look-alikes) and limits of every kind, against a connector that records what
it is sent; {puts} writes were allowed and sent. What may be sent is worked out a second time without the guard's code:
{"**BROKEN**, see the output of the run." if is_broken else "nothing outside the limits was sent."}"""
    return Section(text, is_broken)


def life() -> Section:
    """Run the state machine of whole lives with the full number of runs."""
    test = "test_whatever_everybody_does_each_request_is_as_the_model_says"
    ran = _run(f"tests/proofs/test_life.py::{test}", "OSPREY_PROOF_LIVES", LIVES)
    counts = [re.search(r"(\d+) lives of (\d+) steps, no broken invariant", text) for text in ran.said]
    lives, steps = sum(int(count[1]) for count in counts if count), next((int(c[2]) for c in counts if c), 0)
    is_broken = ran.is_broken or not all(counts)
    text = f"""## Whole lives of approvals

{lives} runs of up to {steps} steps, in which people, processes and clocks do what they like: submit, edit, approve, approve in part, by two persons, reject, postpone, withdraw, expire, remember and
revoke, claim, carry out and finish, while processes crash and come back and the clock jumps both ways. After each step the journal is compared with a model of its own:
{"**BROKEN**, see the output of the run." if is_broken else "no invariant was broken."}"""
    return Section(text, is_broken)


def _run(test: str, variable: str, count: int) -> _Ran:
    """Run a test in two processes with seeds of their own, each with its share."""
    environment = {**os.environ, variable: str(count // PROCESSES)}
    if MEMORY.is_dir():
        environment["TMPDIR"] = str(MEMORY)  # the journal syncs each write; where it does so is not what is proved
    command = [sys.executable, "-m", "pytest", "-q", "-s", "-p", "no:cacheprovider", "--timeout=36000", test]
    runs = [
        subprocess.Popen(
            [*command, f"--hypothesis-seed={SEED + number}"],
            cwd=ROOT, env=environment, text=True, stdout=subprocess.PIPE,
        )
        for number in range(PROCESSES)
    ]  # fmt: skip
    said = [run.communicate()[0] for run in runs]
    print("\n".join(said), file=sys.stderr, flush=True)
    return _Ran(said, any(run.returncode for run in runs))
