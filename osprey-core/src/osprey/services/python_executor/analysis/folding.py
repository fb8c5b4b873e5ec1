"""Texts and numbers that follow from constants, as far as a reader would work them out."""

from __future__ import annotations

import ast
from typing import Any, Final, cast

from osprey.services.python_executor.analysis.constants import exact, fold_binary
from osprey.services.python_executor.analysis.run import Run
from osprey.services.python_executor.analysis.values import (
    ANY,
    NOTHING,
    Const,
    Glob,
    Value,
    join,
)

_MOST_PRODUCTS: Final = 64
_HUGE: Final = 10**8


def folded_texts(run: Run, node: ast.BinOp, left: Value, right: Value) -> Value:
    lefts, rights = _parts(run, left, node.left), _parts(run, right, node.right)
    if not lefts or not rights or len(lefts) * len(rights) > _MOST_PRODUCTS:
        return NOTHING
    found: Value = NOTHING
    if not (_are_known(lefts) or _are_known(rights)):
        return NOTHING
    for one in lefts:
        for other in rights:
            result = fold_binary(node.op, one, other)
            if result is None:
                found = join(found, (ANY,)) if found else found
            else:
                found = join(
                    found, run.const(result.value) if isinstance(result, Const) else (run.once(Glob, result.text),)
                )
    return found


def _are_known(parts: list[Const | Glob]) -> bool:
    return any(isinstance(part, Const) or part.text != "{...}" for part in parts)


def _parts(run: Run, value: Value, node: ast.expr) -> list[Const | Glob]:
    """Give the texts of one side; what is not known is a brace with its name."""
    parts: list[Const | Glob] = [atom for atom in value if isinstance(atom, Const | Glob)]
    if not parts or ANY in value:
        glob = run.sites.get(node)
        if not isinstance(glob, Glob):
            glob = run.sites[node] = run.once(Glob, _brace(node))
        parts.append(glob)
    return parts


def _brace(node: ast.expr) -> str:
    if isinstance(node, ast.Name):
        return f"{{{node.id}}}"
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and len(node.args) == 1:
        return _brace(node.args[0])
    return "{...}"


def look_at_size(run: Run, node: ast.BinOp, left: Any, right: Any) -> None:
    if isinstance(node.op, ast.Pow) and isinstance(left, int) and isinstance(right, int):
        if abs(left) > 1 and right > 0 and right * max(abs(left).bit_length(), 1) > 50_000_000:
            run.danger(node, "resources", "computes a number of millions of digits")
        if isinstance(node.right, ast.BinOp) and isinstance(node.right.op, ast.Pow) and right > _HUGE and abs(left) > 1:
            run.danger(node, "resources", "computes a power of a power")
    elif isinstance(node.op, ast.Mult):
        count = left if isinstance(left, int) else right
        if isinstance(count, int) and count >= _HUGE and isinstance(node.left, ast.List | ast.Constant | ast.Tuple):
            repeats = left if isinstance(left, str | bytes) else right if isinstance(right, str | bytes) else None
            if repeats is not None or isinstance(node.left, ast.List | ast.Tuple):
                run.danger(node, "resources", f"makes something of {count} parts")
    elif isinstance(node.op, ast.LShift) and isinstance(right, int) and right > 50_000_000:
        run.danger(node, "resources", "computes a number of millions of digits")


def joined_text(run: Run, node: ast.JoinedStr) -> Value:
    texts = [""]
    is_exact = True
    for part in node.values:
        if isinstance(part, ast.Constant):
            texts = [text + str(part.value) for text in texts]
            continue
        if not isinstance(part, ast.FormattedValue):
            continue
        shown, known = _formatted(run, part)
        is_exact = is_exact and known
        if len(texts) * len(shown) > _MOST_PRODUCTS:
            shown, is_exact = [_brace(part.value)], False
        texts = [text + piece for text in texts for piece in shown]
    if is_exact:
        found: Value = NOTHING
        for text in texts:
            run.look_at_text(node, text)
            found = join(found, run.const(text))
        return found
    globs = run.sites.get(node)
    if globs is None or [glob.text for glob in globs] != texts:
        globs = run.sites[node] = tuple(run.once(Glob, text) for text in texts)
    return cast("Value", globs)


def _formatted(run: Run, part: ast.FormattedValue) -> tuple[list[str], bool]:
    value = run.evaluate(part.value)
    spec = ""
    if part.format_spec is not None:
        found = exact(run.evaluate(part.format_spec))
        spec = found if isinstance(found, str) else ""
    parts = [atom for atom in value if isinstance(atom, Const | Glob)]
    if not parts or part.conversion not in (-1, 115):
        return [_brace(part.value)], False
    shown: list[str] = []
    for atom in parts:
        try:
            shown.append(atom.text if isinstance(atom, Glob) else format(atom.value, spec))
        except (ValueError, TypeError):
            shown.append(_brace(part.value))
    is_known = ANY not in value and all(isinstance(atom, Const) for atom in parts)
    return (shown, True) if is_known else ([*shown, *([_brace(part.value)] if ANY in value else [])], False)
