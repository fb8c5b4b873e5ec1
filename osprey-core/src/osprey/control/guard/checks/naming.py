"""The canonical name: whatever a channel was called, every later check sees one name for it."""

from __future__ import annotations

from osprey.control.guard.checks.case import Case, Scene, refuse
from osprey.control.values import ErrorKind, Fault


def settle_name(case: Case, scene: Scene) -> Case:
    """Settle the canonical name, as the control system itself gives it; refuse what has none.

    A name with a channel modifier is refused: a filter between the guard and the record could change what
    is written.
    """
    described = case.described
    asked = case.item.channel
    if isinstance(described, Fault):
        return refuse(*_no_description(described, scene))
    if described.has_modifier:
        refuse("name.modifier", f"{asked} has a channel modifier; write to the record itself")
    if not described.name:
        refuse("name.unresolved", f"{asked}: the control system gave no canonical name for it")
    name = str(described.name)
    case.channel = name if described.is_value_field else f"{name}.{described.field}"
    return case


def _no_description(fault: Fault, scene: Scene) -> tuple[str, str]:
    if fault.kind is not ErrorKind.NOT_FOUND:
        return "target.unreachable", f"{fault.channel} cannot be reached: {fault.message}"
    return "name.not_found", f"{fault.channel} was not found: {fault.message}{_remedy(fault.channel, scene)}"


def _remedy(channel: str, scene: Scene) -> str:
    if scene.directory.get(channel) is not None:
        return "; the channel list has this name, so look whether its server runs and can be reached"
    near = scene.directory.closest(channel)
    return f"; did you mean {' or '.join(near)}?" if near else ""
