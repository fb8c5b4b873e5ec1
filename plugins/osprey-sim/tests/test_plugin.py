"""The declarations: right, and light."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module

from osprey_sim import plugin


def test_every_implementation_and_settings_class_is_there() -> None:
    hooks = (plugin.osprey_connectors, plugin.osprey_archivers, plugin.osprey_commands)
    registrations = [registration for hook in hooks for registration in hook()]
    assert [registration.name for registration in registrations] == ["sim", "sim", "sim"]
    for registration in registrations:
        for reference in filter(None, (registration.implementation, registration.settings)):
            module, _, name = reference.partition(":")
            assert getattr(import_module(module), name) is not None


def test_the_connector_is_declared_simulated() -> None:
    assert [registration.simulated for registration in plugin.osprey_connectors()] == [True]


def test_the_declarations_import_nothing_heavy() -> None:
    code = (
        "import sys; import osprey_sim.plugin as p; list(p.osprey_connectors())\n"
        "print([m for m in ('numpy', 'click', 'softioc', 'anyio', 'osprey.control') if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert shown.stdout.strip() == "[]"


def test_the_ring_takes_no_part_of_the_core_but_its_page_for_authors() -> None:
    code = (
        "import ast, pathlib, osprey_sim\n"
        "for path in pathlib.Path(osprey_sim.__path__[0]).glob('*.py'):\n"
        "    for node in ast.walk(ast.parse(path.read_text())):\n"
        "        if isinstance(node, ast.ImportFrom) and (node.module or '').split('.')[0] == 'osprey':\n"
        "            print(path.stem, node.module)\n"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    others = {line for line in shown.stdout.splitlines() if not line.endswith(" osprey.api")}
    assert others == set()
