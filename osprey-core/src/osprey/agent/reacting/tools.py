"""Capabilities as the tools of a model, and the form of its answer where an endpoint has no tools."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Final

from attrs import field, frozen

from osprey.agent.thinking.offers import manual, sentence
from osprey.models.chat.forms import form_of
from osprey.models.chat.messages import ToolSpec

if TYPE_CHECKING:
    from osprey.plugins import Registry
    from osprey.registrations import Capability

OBJECTIVE: Final = "objective"
USES: Final = "uses"
_ANYTHING: Final[Mapping[str, Any]] = {
    "type": "object", "properties": {}, "required": [], "additionalProperties": True,
}  # fmt: skip
_OBJECTIVE: Final = {"type": "string", "description": "what the step is for, in one sentence that a person reads"}
_USES: Final = {
    "type": "array",
    "items": {"type": "string"},
    "description": "keys of results of earlier steps that this one takes",
}


def _about(text: str) -> dict[str, str]:
    return {"about": text}


@frozen(kw_only=True)
class NextStep:
    """One step."""

    capability: str = field(metadata=_about("its name, exactly as it is listed"))
    objective: str = field(metadata=_about("what the step is for, in one sentence that a person reads"))
    parameters: Mapping[str, Any] = field(metadata=_about("exactly the parameters of the capability"))
    uses: tuple[str, ...] = field(default=(), metadata=_about("keys of results of earlier steps that this one takes"))


@frozen(kw_only=True)
class NextMove:
    """The next steps, or the final answer when there are none."""

    steps: tuple[NextStep, ...] = field(metadata=_about("those that can run now; empty with the final answer"))
    answer: str = field(default="", metadata=_about("the final answer to the person; empty while steps are needed"))


def tool_of(capability: Capability, registry: Registry) -> ToolSpec:
    """Describe a capability as a tool: its parameters, an objective, and the results that it takes."""
    lines = [sentence(capability)]
    if capability.provides:
        lines.append(f"Leaves {', '.join(capability.provides)}.")
    if capability.consumes:
        lines.append(f"Takes {', '.join(capability.consumes)}: name the keys of such results in '{USES}'.")
    schema = _schema_of(capability.name, registry)
    if schema is None:
        lines.append(manual([capability], registry))
        schema = _ANYTHING
    objective, uses = own_names(schema["properties"])
    properties = {objective: _OBJECTIVE, **schema["properties"], uses: _USES}
    parameters = {**schema, "properties": properties, "required": [objective, *schema["required"]]}
    return ToolSpec(name=capability.name, description=" ".join(lines), parameters=parameters)


def own_names(taken: Iterable[str]) -> tuple[str, str]:
    """Give the names of the objective and of the used results; a parameter of the same name keeps its own."""
    objective, uses, names = OBJECTIVE, USES, set(taken)
    while objective in names:
        objective = f"step_{objective}"
    while uses in names:
        uses = f"step_{uses}"
    return objective, uses


def parameters_of(name: str, registry: Registry) -> tuple[str, ...]:
    """Give the names of a capability's parameters as its tool has them; none where they cannot be described."""
    schema = _schema_of(name, registry) if name in registry.names("capabilities") else None
    return tuple(schema["properties"]) if schema else ()


def _schema_of(name: str, registry: Registry) -> Mapping[str, Any] | None:
    cls = registry.parameters_class(name)
    if cls is None:
        return None
    try:
        return form_of(cls).schema
    except TypeError:
        # A plugin's class may hold what no form can say; the description then says it in words.
        return None
