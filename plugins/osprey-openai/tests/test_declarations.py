"""What the plugin declares, and which schemas are strict."""

from __future__ import annotations

from importlib.metadata import entry_points
from typing import Any

import pytest

from osprey.api import ModelAddress, ModelError
from osprey_openai.driver import OpenAIChatModel
from osprey_openai.plugin import osprey_models
from osprey_openai.schemas import can_be_strict

EVERY = {*("openai", "ollama", "vllm", "lm-studio", "cborg", "argo", "stanford", "amsc", "asksage", "google")}


def test_every_endpoint_is_declared_once_with_one_driver() -> None:
    models = list(osprey_models())
    assert {model.name for model in models} == EVERY
    assert len(models) == len(EVERY)
    assert {model.implementation for model in models} == {"osprey_openai.driver:OpenAIChatModel"}
    assert all(model.base_url.startswith(("https://", "http://localhost:")) for model in models if model.base_url)
    assert {model.name for model in models if not model.base_url} == {"argo", "amsc"}


def test_a_local_endpoint_needs_no_key_and_a_distant_one_names_its_variable() -> None:
    for model in osprey_models():
        assert bool(model.key_variable) is not model.base_url.startswith("http://localhost")


def test_the_plugin_is_found_by_its_entry_point() -> None:
    (entry,) = entry_points(group="osprey.plugins", name="openai")
    assert entry.value == "osprey_openai.plugin"


def test_a_known_endpoint_needs_no_address_in_the_configuration() -> None:
    for model in osprey_models():
        address = ModelAddress(provider=model.name, model_id="m")
        driver = OpenAIChatModel(address)
        if model.base_url:
            assert driver.wire(address).base_url == model.base_url
        else:
            with pytest.raises(ModelError, match=f"write api.providers.{model.name}.base_url"):
                driver.wire(address)


def closed(**properties: Any) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


TEXT = {"type": "string", "description": "a text"}


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        (closed(a=TEXT), True),
        (closed(), True),
        (closed(a={"type": ["string", "null"]}), True),
        (closed(a={"type": "array", "items": closed(b=TEXT)}), True),
        (closed(a={"anyOf": [closed(b=TEXT), {"type": "null"}]}), True),
        ({**closed(a={"$ref": "#/$defs/x"}), "$defs": {"x": closed(b=TEXT)}}, True),
        (closed(title=TEXT, items=TEXT, allOf=TEXT), True),  # names, not keywords
        ({**closed(a=TEXT), "required": []}, False),
        ({**closed(a=TEXT), "additionalProperties": True}, False),
        ({"type": "object"}, False),
        (closed(a={"type": "object"}), False),
        (closed(a={"type": ["object", "null"], "properties": {}}), False),
        (closed(a={"type": "array", "items": {"type": "object", "properties": {"b": TEXT}}}), False),
        (closed(a={"anyOf": [{"type": "object"}]}), False),
        ({**closed(a={"$ref": "#/$defs/x"}), "$defs": {"x": {"type": "object"}}}, False),
        (closed(a={"oneOf": [TEXT]}), False),
        (closed(a={"type": "string", "default": "x"}), False),
        (closed(a=True), False),
    ],
)
def test_a_schema_is_strict_if_every_object_is_closed_and_complete(schema: dict[str, Any], expected: bool) -> None:
    assert can_be_strict(schema) is expected
