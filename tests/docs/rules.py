"""The rules by which Osprey says no, and the sentences that go with them, read from the source."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import osprey
from osprey.journal import IntentState, RequestState

SOURCE: Final = Path(osprey.__file__).parent
ROOMS: Final = ("agent", "approval", "control", "journal", "services")
FILLED: Final = {
    "approval.{}": [f"approval.{state}" for state in RequestState],
    "ledger.{}": [f"ledger.{state}" for state in IntentState],
    "policy.{}": ["policy.<name>"],
    "{}.text": ["limits.text", "native.text"],
    "{}.min": ["limits.min", "native.min"],
    "{}.max": ["limits.max", "native.max"],
}
"""Rules whose name is put together, and what comes of it."""

_RULE: Final = re.compile(r"[a-z]+\.[a-z_]+|\{\}\.[a-z_]+|[a-z]+\.\{\}")
_BEARERS: Final = (
    "refuse",
    "Refusal",
    "_refused",
    "RefusedError",
    "PolicyRefusal",
    "_refuse",
    "ApplyReport",
    "not_applied",
)


def rules() -> dict[str, list[re.Pattern[str]]]:
    """Give every rule with patterns of its sentences; one that no pattern could be made of is missing from its list."""
    found: dict[str, list[re.Pattern[str]]] = {}
    for room in ROOMS:
        for path in sorted((SOURCE / room).rglob("*.py")):
            for name, sentence in _said_in(ast.parse(path.read_text(encoding="utf-8"))):
                for rule in FILLED.get(name, [name]):
                    found.setdefault(rule, []).extend([sentence] if sentence else [])
    return found


def _said_in(tree: ast.Module) -> Iterator[tuple[str, re.Pattern[str] | None]]:
    for function in ast.walk(tree):
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
            local = _assignments(function)
            for node in ast.walk(function):
                if isinstance(node, ast.Call) and _name_of(node.func) in _BEARERS:
                    yield from _said_by(node, local)
                elif isinstance(node, ast.Return) and isinstance(node.value, ast.Tuple):
                    yield from _pair(node.value.elts, local)


def _said_by(call: ast.Call, local: dict[str, list[ast.expr]]) -> Iterator[tuple[str, re.Pattern[str] | None]]:
    given = [*call.args, *(keyword.value for keyword in call.keywords if keyword.arg in ("rule", "reason", "message"))]
    yield from _pair(given, local)


def _pair(given: list[ast.expr], local: dict[str, list[ast.expr]]) -> Iterator[tuple[str, re.Pattern[str] | None]]:
    """Take the argument that is a rule, and the other text as its sentence."""
    texts = [text for value in given for text in _texts_of(value, local)]
    names = [text for text in texts if _RULE.fullmatch(text)]
    sentences = [text for text in texts if not _RULE.fullmatch(text) and " " in text]
    for name in names:
        for sentence in sentences or [None]:
            yield name, None if sentence is None else re.compile(re.escape(sentence).replace(r"\{\}", ".*"), re.DOTALL)


def _texts_of(value: ast.expr, local: dict[str, list[ast.expr]]) -> list[str]:
    """Give the texts that an expression can be, with ``{}`` for what is filled in."""
    match value:
        case ast.Constant(value=str(text)):
            return [text]
        case ast.JoinedStr(values=parts):
            return ["".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts)]
        case ast.IfExp(body=body, orelse=orelse):
            return [*_texts_of(body, local), *_texts_of(orelse, local)]
        case ast.Name(id=name):
            return [text for one in local.get(name, []) for text in _texts_of(one, {})]
        case _:
            return []


def _assignments(function: ast.AST) -> dict[str, list[ast.expr]]:
    found: dict[str, list[ast.expr]] = {}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.setdefault(node.targets[0].id, []).append(node.value)
    return found


def _name_of(function: ast.expr) -> str:
    return function.id if isinstance(function, ast.Name) else getattr(function, "attr", "")
