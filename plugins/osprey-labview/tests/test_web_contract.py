"""The published contract: what the client sends and what a good server answers are messages of its schemas."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from labview_opening import Opener
from ruamel.yaml import YAML
from web_plant import Plant, reply, server_of

from osprey.api import DType, ErrorKind, Put
from osprey_labview.settings import Transport
from osprey_labview.web.answers import info_in, reading_in
from osprey_labview.web.forms import NAMES, FormError, form_of, parse_json, time_from, value_from

CONTRACT = YAML(typ="safe").load(files("osprey_labview.web").joinpath("openapi.yaml").read_text(encoding="utf-8"))
SCHEMAS = CONTRACT["components"]["schemas"]
ELEMENTS = {
    DType.FLOAT: st.floats(),
    DType.INT: st.integers(-(2**63), 2**64 - 1),
    DType.BOOL: st.booleans(),
    DType.STR: st.text(st.characters(exclude_categories=["Cs"]), max_size=20),
    DType.ENUM: st.integers(0, 1000),
}
TYPED = st.sampled_from(list(DType)).flatmap(
    lambda dtype: st.tuples(st.just(dtype), st.one_of(ELEMENTS[dtype], st.lists(ELEMENTS[dtype], max_size=5)))
)


def validator(name: str) -> jsonschema.Draft202012Validator:
    schema = {"$ref": f"#/components/schemas/{name}", "components": CONTRACT["components"]}
    return jsonschema.Draft202012Validator(schema)


def check(name: str, message: Any) -> None:
    validator(name).validate(message)


def is_valid(name: str, message: Any) -> bool:
    return validator(name).is_valid(message)


@pytest.fixture
def watched() -> Iterator[tuple[str, list[tuple[str, Any, int, Any]]]]:
    """A server of the contract, and every message that it was sent and has answered."""
    seen: list[tuple[str, Any, int, Any]] = []
    plant = Plant()

    def answer(handler: Any, operation: str, body: bytes) -> None:
        message = json.loads(body)
        status, result = plant.answer(operation, message)
        seen.append((operation, message, status, result))
        reply(handler, status, json.dumps(result).encode())

    server = server_of(answer)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/osprey", seen
    server.shutdown()
    server.server_close()


def test_the_contract_is_openapi_with_good_schemas() -> None:
    assert CONTRACT["openapi"].startswith("3.1.")
    assert sorted(CONTRACT["paths"]) == ["/describe", "/list", "/read", "/write"]
    for name in SCHEMAS:
        jsonschema.Draft202012Validator.check_schema(SCHEMAS[name])
        validator(name).is_valid({})  # every reference leads somewhere
    assert SCHEMAS["Error"]["properties"]["kind"]["enum"] == [kind.value for kind in ErrorKind]


@pytest.mark.anyio
async def test_every_message_of_client_and_server_is_of_its_schema(
    watched: tuple[str, list[tuple[str, Any, int, Any]]], connect: Opener
) -> None:
    url, seen = watched
    connector = await connect(url, transport=Transport.HTTP)
    names = [*Plant().channels, "Nope", "Q1"]
    await connector.read(names, timeout_s=20)
    await connector.describe(names, timeout_s=20)
    values: dict[str, tuple[Any, DType]] = {
        "Q1:Current": (float("nan"), DType.FLOAT),
        "Count": (5, DType.INT),
        "Flag": (False, DType.BOOL),
        "Text": ("ä", DType.STR),
        "Mode": (2, DType.ENUM),
        "Wave": (np.array([1.0, float("inf")]), DType.FLOAT),
        "Rejects": (1.0, DType.FLOAT),
    }
    puts = [Put(channel=name, value=value, dtype=dtype) for name, (value, dtype) in values.items()]
    await connector.write(puts, timeout_s=20)
    await connector.search("", limit=5)
    await connector.endpoints(timeout_s=20)
    assert {operation for operation, *_ in seen} == {"read", "describe", "write", "list"}
    for operation, message, status, result in seen:
        assert status == 200
        check(f"{operation.capitalize()}Request", message)
        check(f"{operation.capitalize()}Answer", result)
    ids = [message["id"] for operation, message, *_ in seen if operation == "write"]
    assert len(ids) == len(set(ids))


@given(TYPED)
def test_a_value_keeps_every_bit_on_its_way(typed: tuple[DType, Any]) -> None:
    dtype, value = typed
    form = form_of(value, dtype, len(value) if isinstance(value, list) else None)
    check("Write", {"channel": "x", "type": NAMES[dtype], "value": form})
    check("Reading", {"channel": "x", "type": NAMES[dtype], "value": form})
    back, shape = value_from(parse_json(json.dumps(form, allow_nan=False).encode()), dtype)
    assert repr(back) == repr(value)
    assert shape == ((len(value),) if isinstance(value, list) else ())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(st.sampled_from(["float", "int", "bool", "string", "enum"]), JSON)
def test_what_the_schema_does_not_allow_is_no_reading(kind: str, value: Any) -> None:
    result = {"channel": "x", "type": kind, "value": value}
    reading = reading_in(result, 0)
    is_accepted = type(reading).__name__ == "Reading"
    if not is_valid("Reading", result):
        # A whole number written as 2.0 is an integer to JSON Schema; here it is none.
        assert not is_accepted
    elif not is_accepted:
        assert kind in ("int", "enum", "float")


@pytest.mark.parametrize(
    "change",
    [
        {"type": "double"}, {"type": None}, {"value": None}, {"severity": "bad"}, {"unit": 5}, {"alarm": None},
        {"time": "yesterday"}, {"time": "2026-01-02T03:04:05+01:00"}, {"time": "2026-13-02T03:04:05Z"}, {"time": 17},
        {"setpoint": "x"}, {"moving": "yes"}, {"value": "nan"}, {"value": "NAN"}, {"value": "1.0"}, {"value": True},
        {"value": [[1.0]]}, {"value": [1.0, None]}, {"value": {"v": 1}}, {"label": 5}, {"value": 10**400},
    ],
)  # fmt: skip
def test_a_result_that_breaks_the_contract_is_the_fault_of_its_channel(change: dict[str, Any]) -> None:
    result = {"channel": "x", "type": "float", "value": 1.0, **change}
    fault = reading_in(result, 0)
    assert getattr(fault, "kind", None) is ErrorKind.INVALID_DATA


@pytest.mark.parametrize("change", [{"low": "1"}, {"low": True}, {"high": [1]}, {"high": "NaN"}, {"writable": 1}])
def test_a_description_whose_limits_cannot_be_read_is_none(change: dict[str, Any]) -> None:
    """A limit that is lost would let the guard allow what the machine does not."""
    result = {"channel": "x", "name": "x", "type": "float", "writable": True, **change}
    assert not is_valid("Description", result)
    assert getattr(info_in(result), "kind", None) is ErrorKind.INVALID_DATA


@pytest.mark.parametrize(
    "body", [b"", b"{", b"NaN", b'{"a": NaN}', b"[Infinity]", b"\xff", b'{"a": 1, "a": 2}', b"[" * 100_000]
)
def test_what_is_no_json_of_the_contract_is_refused(body: bytes) -> None:
    with pytest.raises(FormError):
        parse_json(body)


@pytest.mark.parametrize(
    ("text", "nanoseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("2026-01-02T03:04:05.123456789Z", 1_767_323_045_123_456_789),
        ("2026-01-02T03:04:05.5Z", 1_767_323_045_500_000_000),
    ],
)
def test_a_time_is_exact(text: str, nanoseconds: int) -> None:
    check("Time", text)
    assert time_from(text) == nanoseconds
