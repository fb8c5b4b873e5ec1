"""What a model is told of `osprey.runtime`: read from its source, so that it is what a program finds there.

The guest's modules are for the sandbox and are not imported here.
"""

from __future__ import annotations

import ast
import functools
import textwrap
from pathlib import Path
from typing import Final

_SOURCE: Final = Path(__file__).resolve().parents[3] / "guest" / "runtime.py"


@functools.cache
def runtime_page() -> str:
    """Give every function of `osprey.runtime` with its signature and what it says of itself."""
    tree = ast.parse(_SOURCE.read_text(encoding="utf-8"))
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    return "\n\n".join(_entry(functions[name]) for name in _exported(tree) if name in functions)


def _exported(tree: ast.Module) -> list[str]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets):
            return list(ast.literal_eval(node.value))
    return []


def _entry(function: ast.FunctionDef) -> str:
    returns = "" if function.returns is None else f" -> {ast.unparse(function.returns)}"
    head = f"{function.name}({ast.unparse(function.args)}){returns}"
    return f"{head}\n{textwrap.indent(ast.get_docstring(function) or '', '    ')}"
