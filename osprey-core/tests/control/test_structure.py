"""No path to a put beside the guard: held by looking at the source of every package."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = [ROOT / "osprey-core" / "src", *sorted(ROOT.glob("plugins/*/src")), *sorted(ROOT.glob("contrib/*/src"))]
GUARD = ROOT / "osprey-core" / "src" / "osprey" / "control" / "guard"
THE_HAND = GUARD / "sending.py"
# The kit for plugin authors puts values too, to the peers that its tests start; no product code imports it (below).
THE_KIT = ROOT / "osprey-core" / "src" / "osprey" / "testing"
THE_HAND_OF_THE_KIT = THE_KIT / "conformance" / "hand.py"

# The one module of each connector that calls the put of its control system's library. It is reached through
# the connector's `write` only; a new connector adds its own line here, and a reviewer sees it.
LIBRARY_PUTS = {
    ROOT / "plugins" / "osprey-epics" / "src" / "osprey_epics" / "switchboard.py",
    ROOT / "plugins" / "osprey-tango" / "src" / "osprey_tango" / "putting.py",
    ROOT / "plugins" / "osprey-labview" / "src" / "osprey_labview" / "opcua" / "writing.py",
    ROOT / "plugins" / "osprey-labview" / "src" / "osprey_labview" / "web" / "writing.py",
}
PUT_CALLS = {
    "ca_array_put",
    "ca_array_put_callback",
    "ca_put",
    "caput",
    "caput_many",
    "write_attribute",
    "write_attributes",
    "write_attribute_asynch",
    "command_inout",
    "write_value",
    "write_values",
    "WriteRequest",
    "WriteValue",
}
NOT_A_MACHINE = {"stdout", "stderr", "stdin", "file", "handle", "stream", "buffer", "sys", "out", "writer", "archive"}
# The guard's inner parts: whoever could call these could send without an approval.
INNER = {"sending", "putting", "apply"}
MAY_USE = {"sending": {"putting"}, "putting": {"apply"}, "apply": {"guard"}}


def sources():
    return [path for package in PACKAGES for path in sorted(package.rglob("*.py")) if "guest" not in path.parts]


def receiver_of(call: ast.Call) -> str:
    return ast.unparse(call.func.value) if isinstance(call.func, ast.Attribute) else ""


def called_name(call: ast.Call) -> str:
    if isinstance(call.func, ast.Attribute):
        return call.func.attr
    return call.func.id if isinstance(call.func, ast.Name) else ""


def is_awaited_or_connector(call: ast.Call, awaited: set[int]) -> bool:
    """A connector's `write` is awaited, or its receiver is called a connector or takes `timeout_s`."""
    last = receiver_of(call).split(".")[-1].strip("_").lower()
    if "connector" in receiver_of(call).lower():
        return True
    if any(keyword.arg == "timeout_s" for keyword in call.keywords):
        return True
    return id(call) in awaited and last not in NOT_A_MACHINE


def writes_in(tree: ast.AST) -> list[int]:
    awaited = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Await)}
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and called_name(node) == "write" and is_awaited_or_connector(node, awaited)
    ]


def reaches_for_write(tree: ast.AST) -> list[int]:
    """`getattr(x, "write")`, `x.write` handed on without a call, `methodcaller("write")`."""
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "write"
        and id(node) not in called
        and "connector" in ast.unparse(node.value).lower()
    ]
    found += [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and called_name(node) in ("getattr", "methodcaller", "attrgetter")
        and any(isinstance(arg, ast.Constant) and arg.value == "write" for arg in node.args)
    ]
    return found


def test_the_sources_are_found():
    assert THE_HAND in sources()
    assert len(sources()) > 50


def test_only_the_guards_hand_calls_a_connectors_write():
    found = {path: lines for path in sources() if (lines := writes_in(ast.parse(path.read_text())))}
    assert set(found) == {THE_HAND, THE_HAND_OF_THE_KIT}, found
    assert [len(lines) for lines in found.values()] == [1, 1]


def test_no_product_code_imports_the_kit_for_plugin_authors():
    users = [path for path in sources() if not path.is_relative_to(THE_KIT)]
    found = [
        path
        for path in users
        if any(name.startswith("osprey.testing") for name in imports_of(ast.parse(path.read_text())))
    ]
    assert found == []


def test_nobody_reaches_for_a_connectors_write_by_another_way():
    found = {path: lines for path in sources() if (lines := reaches_for_write(ast.parse(path.read_text())))}
    assert found == {}


def test_only_one_module_of_a_connector_calls_the_put_of_a_control_systems_library():
    found = {}
    for path in set(sources()) - LIBRARY_PUTS:
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        names = {called_name(call) for call in calls} & PUT_CALLS
        if names:
            found[path] = names
    assert found == {}


@pytest.mark.parametrize("inner", sorted(INNER))
def test_the_guards_inner_parts_are_imported_by_the_guard_only(inner):
    module = f"osprey.control.guard.{inner}"
    users = {path.stem for path in sources() if module in imports_of(ast.parse(path.read_text()))}
    assert users == MAY_USE[inner]


def imports_of(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value.partition(":")[0])  # "module:Name" references and import_module("...")
    return found


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ("async def f(c):\n await c.write(puts)", True),
        ("connector.write(puts)", True),
        ("self._target.connector.write(puts, timeout_s=1)", True),
        ("anything.write(puts, timeout_s=1)", True),
        ("sys.stdout.write('x')", False),
        ("file.write('x')", False),
        ("async def f(stream):\n await stream.write(b'x')", False),
    ],
)
def test_the_rule_sees_what_it_should(code, is_found):
    assert bool(writes_in(ast.parse(code))) is is_found


def test_the_rule_sees_the_ways_around_it():
    assert reaches_for_write(ast.parse("put = target.connector.write"))
    assert reaches_for_write(ast.parse("getattr(c, 'write')(puts)"))
    assert imports_of(ast.parse("import_module('osprey.control.guard.sending')")) == {"osprey.control.guard.sending"}
