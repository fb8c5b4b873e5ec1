"""What the plugin declares, and which schemas the endpoint can hold an answer to."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

import pytest

from osprey.api import ModelAddress, ModelError
from osprey_claude.chat.driver import ClaudeChatModel
from osprey_claude.chat.forms import is_closed
from osprey_claude.plugin import osprey_models


def test_anthropic_is_declared() -> None:
    (model,) = osprey_models()
    assert (model.name, model.base_url) == ("anthropic", "https://api.anthropic.com")
    assert model.implementation == "osprey_claude.chat.driver:ClaudeChatModel"
    assert model.key_variable == "ANTHROPIC_API_KEY"


def test_the_plugin_is_found_by_its_entry_point() -> None:
    (entry,) = entry_points(group="osprey.plugins", name="claude")
    assert entry.value == "osprey_claude.plugin"


def test_only_anthropic_needs_no_address_in_the_configuration() -> None:
    address = ModelAddress(provider="anthropic", model_id="m")
    assert ClaudeChatModel(address).wire(address).base_url == "https://api.anthropic.com"
    with pytest.raises(ModelError, match=r"write api\.providers\.lab\.base_url"):
        ClaudeChatModel(address).wire(ModelAddress(provider="lab", model_id="m"))


def closed(**properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "additionalProperties": False}


TEXT = {"type": "string", "description": "a text"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (closed(a=TEXT), True),
        ({**closed(a=TEXT, b=TEXT), "required": ["a"]}, True),
        (closed(a={"type": "array", "items": closed(b=TEXT)}), True),
        (closed(a={"anyOf": [closed(b=TEXT), {"type": "null"}]}), True),
        ({**closed(a={"$ref": "#/$defs/x"}), "$defs": {"x": closed(b=TEXT)}}, True),
        (closed(minimum=TEXT, items=TEXT), True),  # names, not keywords
        ({"type": "object"}, False),
        ({"type": "object", "properties": {}}, False),
        (closed(a={"type": ["object", "null"]}), False),
        (closed(a={"type": "array", "items": {"type": "object"}}), False),
        ({**closed(a={"$ref": "#/$defs/x"}), "$defs": {"x": {"type": "object"}}}, False),
        (closed(a={"type": "integer", "minimum": 1}), False),
        (closed(a={"type": "string", "maxLength": 3}), False),
        (closed(a={"oneOf": [TEXT]}), False),
        (closed(a=True), False),
    ],
)
def test_the_endpoint_takes_schemas_of_closed_objects_and_plain_keywords(
    schema: dict[str, Any],
    expected: bool,
) -> None:
    assert is_closed(schema) is expected
