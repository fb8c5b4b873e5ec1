"""Typed contexts: there and back as JSON, and nothing that only resembles one."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import pytest
from attrs import frozen
from pydantic import BaseModel

from osprey.base.contexts import (
    BUILT_IN,
    ArchivedChannel,
    ArchiverData,
    CapabilityContext,
    ChannelAddresses,
    ChannelReading,
    ChannelValues,
    ChannelWriteResults,
    MemoryContext,
    PlainContext,
    Provenance,
    PythonResults,
    ScanAxisData,
    ScanData,
    SnapshotContext,
    TimeRange,
    Written,
    plain_context,
    read_context,
)
from osprey.base.contexts._serialization import read_any
from osprey.errors import UsageError

FROM = Provenance(capability="c", step="s", target="ring", made_ns=1_795_172_400_000_000_001, channels=("A",))
EXAMPLES = [
    ChannelAddresses(channels=("A", "B"), query="q", count=2, pipeline="in_context", provenance=FROM),
    ChannelValues(readings={"A": ChannelReading(value=1.5, unit="A", source_ns=7), "B": ChannelReading(error="gone")}),
    ChannelWriteResults(
        request_id="r", writes=(Written(channel="A", value=1.0, before=0.5),), observations=({"B": [1, 2]},)
    ),
    ArchiverData(start_ns=1, end_ns=2, series=(ArchivedChannel(channel="A", t=(1.0, 2.0), v=(0.1, None)),)),
    PythonResults(results={"a": [1, 2.5, None]}, figures=("figures/a.png",)),
    MemoryContext(notes=("x",), note="n"),
    TimeRange(start_ns=1, end_ns=2, text="t", time_zone="Europe/Berlin"),
    SnapshotContext(name="n", file="f", saved_ns=1, channels=("A",), missing=("B",)),
    ScanData(axes=(ScanAxisData(channel="A", values=(0.0, 1.0)),), measured={"B": (1.0, None)}, units={"B": "mm"}),
]


def test_there_is_an_example_of_every_built_in_context() -> None:
    assert {type(example) for example in EXAMPLES} == set(BUILT_IN)
    assert len({kind.CONTEXT_TYPE for kind in BUILT_IN}) == len(BUILT_IN)


@pytest.mark.parametrize("context", EXAMPLES, ids=lambda context: context.CONTEXT_TYPE)
def test_a_context_comes_back_as_it_was(context: CapabilityContext) -> None:
    assert read_context(plain_context(context)) == context
    assert context.get_access_details("k")["access"] == "osprey.runtime.inputs['k']"
    assert context.get_summary()


@pytest.mark.parametrize(
    ("plain", "told"),
    [
        ({}, "no context type 'without a name'"),
        ({"context_type": "os.system"}, "no context type 'os.system' here; known are ARCHIVER_DATA"),
        ({"context_type": "TIME_RANGE", "start_ns": 1}, "this is no TIME_RANGE"),
        ({"context_type": "TIME_RANGE", "start_ns": 1.5, "end_ns": 2}, "expected int @ .*start_ns"),
        ({"context_type": "TIME_RANGE", "start_ns": True, "end_ns": 2}, "expected int @ .*start_ns"),
        ({"context_type": "TIME_RANGE", "start_ns": 1, "end_ns": 2, "__class__": "x"}, "extra fields"),
        ({"context_type": "MEMORY_CONTEXT", "notes": [1]}, "expected str @ .*notes"),
        ({"context_type": "ARCHIVER_DATA", "series": [{"channel": "A", "v": ["1"]}]}, "series"),
        ({"context_type": "MEMORY_CONTEXT", "provenance": {"capability": "c"}}, "this is no MEMORY_CONTEXT"),
    ],
)
def test_what_is_no_context_is_refused_with_the_reason(plain: dict[str, Any], told: str) -> None:
    with pytest.raises(UsageError, match=told):
        read_context(plain)


def test_a_number_that_is_not_finite_becomes_null() -> None:
    assert plain_context(PythonResults(results=[math.nan, math.inf, 1.0]))["results"] == [None, None, 1.0]


def test_a_mapping_needs_a_type_and_no_name_of_the_kernels() -> None:
    with pytest.raises(UsageError, match="has no type"):
        plain_context({"x": 1})
    with pytest.raises(UsageError, match="cannot be called provenance"):
        plain_context({"provenance": 1}, kind="X")


def test_a_pydantic_model_is_taken_as_the_predecessors_contexts_are() -> None:
    class Legacy(BaseModel):
        CONTEXT_TYPE: ClassVar[str] = "LEGACY"
        value: float

    assert plain_context(Legacy(value=1.5)) == {"context_type": "LEGACY", "provenance": None, "value": 1.5}  # type: ignore[arg-type]


def test_an_own_class_is_read_where_it_is_declared_and_plainly_elsewhere() -> None:
    @frozen(kw_only=True)
    class Own(CapabilityContext):
        CONTEXT_TYPE = "OWN"
        value: float

    plain = plain_context(Own(value=2.0, provenance=FROM))
    assert read_any(plain, (Own,)) == Own(value=2.0, provenance=FROM)
    loose = read_any(plain)
    assert isinstance(loose, PlainContext)
    assert (loose.value, loose["value"], dict(loose), loose.provenance) == (2.0, 2.0, {"value": 2.0}, FROM)
    with pytest.raises(AttributeError, match="this OWN has no 'nothing'; it has: value"):
        _ = loose.nothing


def test_an_own_class_that_does_not_fit_is_refused() -> None:
    @frozen(kw_only=True)
    class Own(CapabilityContext):
        CONTEXT_TYPE = "OWN"
        value: float

    with pytest.raises(UsageError, match="this is no OWN"):
        read_any({"context_type": "OWN", "value": "2"}, (Own,))
