"""Older spellings of values, brought to the present ones once the variables are expanded."""

from __future__ import annotations

from attrs import evolve

from osprey.config.nodes import Entry, Scalar, Table, find

_CAPABILITIES = ("approval", "capabilities")


def respell(table: Table) -> tuple[Table, list[str]]:
    """Read `approval.capabilities.<name>: true` as its long form, and `epics_writes` as `control_writes`."""
    entry = find(table, _CAPABILITIES)
    if entry is None or not isinstance(entry.node, Table):
        return table, []
    notes: list[str] = []
    capabilities = entry.node
    for name, capability in entry.node.entries.items():
        capabilities = capabilities.with_entry(name, _respell_capability(name, capability, notes))
    approval = table.entries["approval"]
    assert isinstance(approval.node, Table)  # noqa: S101 - `find` went through it
    node = approval.node.with_entry("capabilities", evolve(entry, node=capabilities))
    return table.with_entry("approval", evolve(approval, node=node)), notes


def _respell_capability(name: str, entry: Entry, notes: list[str]) -> Entry:
    node = entry.node
    if isinstance(node, Scalar) and node.value is not None:
        return evolve(entry, node=Table(entries={"enabled": entry}, mark=node.mark))
    if not isinstance(node, Table) or (mode := node.entries.get("mode")) is None:
        return entry
    if not isinstance(mode.node, Scalar) or mode.node.value != "epics_writes":
        return entry
    notes.append(
        f"approval.capabilities.{name}.mode (line {mode.key_mark.line}): 'epics_writes' is deprecated, "
        "write 'control_writes'"
    )
    present = evolve(mode, node=evolve(mode.node, value="control_writes"))
    return evolve(entry, node=node.with_entry("mode", present))
