"""What nodes say about themselves: type, unit, limits, states, access."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

from asyncua import ua
from attrs import field, frozen

from osprey.api import Bounds, DType, ErrorKind
from osprey_labview.opcua import status
from osprey_labview.opcua.asking import read_nodes
from osprey_labview.opcua.codec import Sample
from osprey_labview.opcua.data_types import DataType, data_types, labels_of, properties_of, states_in, text_of
from osprey_labview.opcua.failure import Failure
from osprey_labview.opcua.nodes import Node
from osprey_labview.opcua.session import Session
from osprey_labview.opcua.values import DTYPES, WRITABLE

_ATTRIBUTES: Final = (
    ua.AttributeIds.DataType,
    ua.AttributeIds.ValueRank,
    ua.AttributeIds.ArrayDimensions,
    ua.AttributeIds.AccessLevel,
    ua.AttributeIds.UserAccessLevel,
    ua.AttributeIds.Description,
)
_PROPERTIES: Final = ("EURange", "EngineeringUnits", "EnumValues", "EnumStrings")
_CURRENT_WRITE: Final = 0x02
_BYTES: Final = ua.VariantType.ByteString.value
_SCALAR: Final = -1
_VECTOR: Final = 1


@frozen(kw_only=True)
class Facts:
    """What is known of one node."""

    dtype: DType
    built_in: int | None
    """None if neither the data type nor a value told; then nothing can be written."""
    length: int | None = None
    """The most elements of an array; None for one value."""
    is_matrix: bool = False
    unit: str = ""
    description: str = ""
    states: Mapping[int, str] = field(factory=dict[int, str])
    labels: tuple[str, ...] = ()
    drive: Bounds = field(factory=Bounds)
    limits_failure: Failure | None = None
    """Why it is not known whether the server has limits for writes."""
    has_write_access: bool = False

    @property
    def is_writable(self) -> bool:
        return self.has_write_access and self.built_in in WRITABLE and not self.is_matrix


async def facts_for(session: Session, nodes: Sequence[Node], deadline: float, *, fresh: bool) -> list[Facts | Failure]:
    """Give the facts of nodes; those that were asked in this session before are remembered unless `fresh`."""
    wanted = {node.id: node for node in nodes if fresh or node.facts is None}
    found = await _ask(session, list(wanted.values()), deadline) if wanted else {}
    for node_id, facts in found.items():
        if isinstance(facts, Facts):
            wanted[node_id].facts = facts
    failed = {node_id: facts for node_id, facts in found.items() if isinstance(facts, Failure)}
    return [failed[node.id] if failed and node.id in failed else _known(node) for node in nodes]


def _known(node: Node) -> Facts:
    assert node.facts is not None  # noqa: S101 - `facts_for` has asked every node that had none
    return node.facts


async def _ask(session: Session, nodes: Sequence[Node], deadline: float) -> dict[ua.NodeId, Facts | Failure]:
    ids = [ua.ReadValueId(NodeId=node.id, AttributeId=attribute) for node in nodes for attribute in _ATTRIBUTES]
    samples = await read_nodes(session, ids, deadline)
    step = len(_ATTRIBUTES)
    attributes = {node.id: samples[place * step : (place + 1) * step] for place, node in enumerate(nodes)}
    found: dict[ua.NodeId, Facts | Failure] = {}
    for node, (data_type, *_) in attributes.items():
        failure = data_type if isinstance(data_type, Failure) else None
        if failure is None and not status.is_good(data_type.status):
            failure = status.failure_of(data_type.status)
        if failure is not None:
            found[node] = failure
    good = [node for node in nodes if node.id not in found]
    types = await data_types(session, (attributes[node.id][0].value for node in good), deadline)
    properties = await _properties(session, good, deadline)
    values = await _values(session, [n for n in good if _only_value_tells(attributes[n.id], types)], deadline)
    for node in good:
        data_type = types[attributes[node.id][0].value]
        found[node.id] = (
            data_type
            if isinstance(data_type, Failure)
            else _facts(attributes[node.id], data_type, properties[node.id], values.get(node.id))
        )
    return found


async def _properties(
    session: Session, nodes: Sequence[Node], deadline: float
) -> dict[ua.NodeId, dict[str, Sample | Failure] | Failure]:
    """Read the properties of interest that the nodes have."""
    lists = await properties_of(session, [node.id for node in nodes], deadline)
    places = [
        (node.id, name, one[name])
        for node, one in zip(nodes, lists, strict=True)
        if not isinstance(one, Failure)
        for name in _PROPERTIES
        if name in one
    ]
    ids = [ua.ReadValueId(NodeId=place, AttributeId=ua.AttributeIds.Value) for _, _, place in places]
    samples = await read_nodes(session, ids, deadline)
    found: dict[ua.NodeId, dict[str, Sample | Failure] | Failure] = {
        node.id: one if isinstance(one, Failure) else {} for node, one in zip(nodes, lists, strict=True)
    }
    for (node_id, name, _), sample in zip(places, samples, strict=True):
        of_node = found[node_id]
        if isinstance(of_node, dict):
            of_node[name] = sample
    return found


def _only_value_tells(attributes: Sequence[Any], types: Mapping[ua.NodeId, DataType | Failure]) -> bool:
    data_type = types[attributes[0].value]
    rank, dimensions = _value_of(attributes[1]), _value_of(attributes[2])
    has_length = rank == _VECTOR and dimensions is not None and len(dimensions) == 1 and dimensions[0] > 0
    is_settled = rank == _SCALAR or has_length
    return isinstance(data_type, DataType) and (data_type.built_in in (None, _BYTES) or not is_settled)


async def _values(session: Session, nodes: Sequence[Node], deadline: float) -> dict[ua.NodeId, Sample | Failure]:
    samples = await read_nodes(session, [node.value for node in nodes], deadline)
    return {node.id: sample for node, sample in zip(nodes, samples, strict=True)}


def _value_of(sample: Sample | Failure) -> Any:
    return sample.value if isinstance(sample, Sample) and status.is_good(sample.status) else None


def _facts(
    attributes: Sequence[Any],
    data_type: DataType,
    properties: Mapping[str, Sample | Failure] | Failure,
    value: Sample | Failure | None,
) -> Facts | Failure:
    _, rank, dimensions, access, user_access, description = map(_value_of, attributes)
    if isinstance(value, Failure):
        return value
    built_in = data_type.built_in or (value.kind if value is not None else 0) or None
    if built_in is not None and built_in not in DTYPES:
        name = ua.VariantType(built_in).name
        return Failure(ErrorKind.UNSUPPORTED, f"its values are of type {name}, which has no form here")
    own = properties if isinstance(properties, Mapping) else {}
    states = states_in(own["EnumValues"]) if "EnumValues" in own else {}
    states = states or (states_in(own["EnumStrings"]) if "EnumStrings" in own else {}) or data_type.states
    labels = labels_of(states)
    drive = _drive(own.get("EURange"))
    dtype = DType.ENUM if labels and DTYPES.get(built_in or 0) is DType.INT else DTYPES.get(built_in or 0, DType.STR)
    return Facts(
        dtype=dtype,
        built_in=built_in,
        length=_length(rank, dimensions, value, is_bytes=built_in == _BYTES),
        is_matrix=isinstance(rank, int) and rank > _VECTOR,
        unit=_unit(own.get("EngineeringUnits")),
        description=text_of(description),
        states=states,
        labels=labels,
        drive=drive if isinstance(drive, Bounds) else Bounds(),
        limits_failure=properties if isinstance(properties, Failure) else drive if isinstance(drive, Failure) else None,
        has_write_access=_has_write_access(access, user_access),
    )


def _length(rank: Any, dimensions: Any, value: Sample | None, *, is_bytes: bool) -> int | None:
    if rank == _SCALAR or rank is None:
        return (len(value.value or b"") if value is not None else 0) if is_bytes else None
    if dimensions is not None and len(dimensions) and all(one > 0 for one in dimensions):
        return math.prod(int(one) for one in dimensions)
    if value is None or not value.is_array:
        return None if rank != _VECTOR else 0
    return 0 if value.value is None else len(value.value)


def _has_write_access(access: Any, user_access: Any) -> bool:
    levels = [level for level in (access, user_access) if isinstance(level, int)]
    return bool(levels) and all(level & _CURRENT_WRITE for level in levels)


def _unit(sample: Sample | Failure | None) -> str:
    value = None if sample is None else _value_of(sample)
    return text_of(getattr(value, "DisplayName", None))


def _drive(sample: Sample | Failure | None) -> Bounds | Failure:
    """Give the limits for writes; a range that is there and can't be understood is no range without limits."""
    if sample is None:
        return Bounds()
    if isinstance(sample, Failure):
        return sample
    value = _value_of(sample)
    if not isinstance(value, ua.Range) or not (value.Low < math.inf and value.High > -math.inf):
        return Failure(ErrorKind.INVALID_DATA, "its EURange cannot be read; mend it at the server")
    if value.Low == value.High == 0:
        return Bounds()  # how a server says that nobody has set it
    # A lower limit above the upper one stays as it is: nothing lies between them, and so nothing is written.
    return Bounds(*(float(limit) if math.isfinite(limit) else None for limit in (value.Low, value.High)))
