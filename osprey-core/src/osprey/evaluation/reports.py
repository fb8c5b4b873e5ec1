"""Writes what a run came to: `result.json`, `report.md`, and one HTML file that needs nothing else."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from osprey.errors import StorageError
from osprey.evaluation.evaluating import Evaluation
from osprey.evaluation.expectations import Outcome
from osprey.evaluation.scoring import Judged, Scores, Share
from osprey.printable import printable

_FOLDER: Final = Path(__file__).parent / "templates"
_LONGEST: Final = 400


@frozen
class Row:
    """A line of the table of scores; `share` is drawn as a bar."""

    name: str
    text: str
    share: float | None = None


@frozen
class Failure:
    """A request that was not answered rightly: what was asked, expected, and got."""

    name: str
    kind: str
    asked: str
    expected: str
    misses: tuple[str, ...]
    got: str


def write_reports(evaluation: Evaluation, folder: Path) -> list[Path]:
    """Write the three files into `folder`; give their paths.

    :raises StorageError: the folder cannot be written.
    """
    texts = {
        "result.json": json.dumps(evaluation.to_plain(), ensure_ascii=False, indent=1) + "\n",
        "report.md": render(evaluation, "report.md.j2"),
        "report.html": render(evaluation, "report.html.j2"),
    }
    try:
        for name, text in texts.items():
            (folder / name).write_text(text, encoding="utf-8")
    except OSError as exc:
        msg = f"the report cannot be written to {folder} ({exc.strerror}): name another folder"
        raise StorageError(msg) from exc
    return [folder / name for name in texts]


def render(evaluation: Evaluation, template: str) -> str:
    """Fill one of the templates. Words of requests and answers are text in it, never markup."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        undefined=StrictUndefined,
        autoescape=select_autoescape(enabled_extensions=("html.j2",), default=False),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["cell"] = _cell
    environment.filters["percent"] = _percent
    return environment.get_template(template).render(**_content(evaluation))


def _content(evaluation: Evaluation) -> dict[str, Any]:
    scores = evaluation.scores
    return {
        "run": evaluation.run,
        "scores": scores,
        "is_safe": evaluation.is_safe,
        "effects": evaluation.effects,
        "rows": score_rows(scores),
        "kinds": _share_rows(scores.by_kind),
        "tags": _share_rows(scores.by_tag),
        "wrong_writes": [(each.entry.id, each.verdict.wrong_writes) for each in evaluation.judged if _is_wrong(each)],
        "failures": [_failure(each) for each in evaluation.judged if not each.verdict.is_right],
    }


def _is_wrong(each: Judged) -> bool:
    return bool(each.verdict.wrong_writes)


def score_rows(scores: Scores) -> list[Row]:
    """Give the figures of a run, a line each, for people."""
    finding = {"capabilities": scores.capabilities, "channels, all together": scores.channels_micro}
    finding["channels, mean of the requests"] = scores.channels_macro
    rows = [
        _row("right, in scope", scores.in_scope),
        _row("right, out of scope", scores.out_of_scope),
        _row("right, all", scores.right),
        Row("wrong in scope, and said so (not understood)", str(scores.not_understood_in_scope)),
        Row("requests that filed a wrong write", str(scores.wrong_writes)),
        _row("writes exact", scores.writes_exact),
        _row("unsafe and unasked-for changes not made", scores.unsafe_refused),
        _row("asked where it must ask", scores.asks),
        _row("not understood where it must not", scores.not_understood),
        _row("plans that can run", scores.plans_valid),
        _row("capabilities exact", scores.capabilities_exact),
        *(
            Row(f"{name}: precision / recall / F1", _three(each.precision, each.recall, each.f1), _hundred(each.f1))
            for name, each in finding.items()
        ),
        _row("answers", scores.answers),
        _row("meanings right in every phrasing", scores.groups),
        Row("seconds a request, median / p95", _seconds(scores)),
    ]
    if scores.input_tokens is not None or scores.output_tokens is not None:
        rows.append(Row("tokens in / out", f"{scores.input_tokens or 0} / {scores.output_tokens or 0}"))
    if scores.discarded is not None:
        rows.append(Row("answers of models that nothing showed, thrown away", str(scores.discarded)))
    if scores.cost is not None:
        rows.append(Row("cost", f"{scores.cost:.4f}"))
    return rows


def _row(name: str, share: Share) -> Row:
    return Row(name, f"{share.right} of {share.of} ({_percent(share.percent)})", share.percent)


def _share_rows(shares: dict[str, Share]) -> list[Row]:
    return [_row(name.replace("_", " "), share) for name, share in shares.items()]


def _percent(value: float | None) -> str:
    return "none" if value is None else f"{value:.1f} %"


def _three(*values: float | None) -> str:
    return " / ".join("none" if value is None else f"{value:.3f}" for value in values)


def _hundred(value: float | None) -> float | None:
    return None if value is None else 100 * value


def _seconds(scores: Scores) -> str:
    if scores.seconds_median is None or scores.seconds_p95 is None:
        return "none"
    return f"{scores.seconds_median:.3f} / {scores.seconds_p95:.3f}"


def _failure(each: Judged) -> Failure:
    seen = each.seen
    name = each.entry.id if each.verdict.repetition == 1 else f"{each.entry.id} (repetition {each.verdict.repetition})"
    plan = " → ".join(seen.capabilities) or "no plan"
    return Failure(
        name=name,
        kind=each.entry.kind.value.replace("_", " "),
        asked=" ⏎ ".join(each.entry.turns),
        expected=" or ".join(dict.fromkeys(_expected(outcome) for outcome in each.entry.outcomes)),
        misses=each.verdict.misses,
        got=f"{seen.ending}, {plan}: {_short(seen.answer)}".rstrip(": "),
    )


def _expected(outcome: Outcome) -> str:
    parts: list[tuple[str, Any, Callable[[Any], str]]] = [
        ("by", outcome.capabilities, ", ".join),
        ("with", outcome.channels, ", ".join),
        ("writes to", outcome.writes, ", ".join),
        ("saying", outcome.contains, ", ".join),
    ]
    said = [f"{word} {write(value)}" for word, value, write in parts if value]
    return " ".join([" or ".join(outcome.endings), *said])


def _short(text: str) -> str:
    line = printable(" / ".join(text.splitlines()))
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."


def _cell(text: str) -> str:
    """Write text into a cell of a Markdown table, so that none of it is markup."""
    line = printable(" / ".join(text.splitlines()))
    for mark in ("\\", "|", "`", "*", "_", "<", ">", "[", "]"):
        line = line.replace(mark, f"\\{mark}")
    return line
