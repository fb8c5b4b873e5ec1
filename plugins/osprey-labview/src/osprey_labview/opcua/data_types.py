"""Data types of nodes: the built-in type that a value travels as, and the states of an enumeration."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from asyncua import ua
from attrs import field, frozen

from osprey_labview.opcua import status
from osprey_labview.opcua.asking import browse_nodes, read_nodes
from osprey_labview.opcua.codec import Sample
from osprey_labview.opcua.failure import Failure
from osprey_labview.opcua.session import Session

_LARGEST_BUILT_IN: Final = 25
_ABSTRACT: Final = {24, 26, 27, 28}
"""BaseDataType, Number, Integer, UInteger: the value itself says what it is."""
_ENUMERATION: Final = 29
_INT32: Final = 6
_MOST_GENERATIONS: Final = 20
_HAS_SUBTYPE: Final = ua.NodeId(ua.ObjectIds.HasSubtype)
_HAS_PROPERTY: Final = ua.NodeId(ua.ObjectIds.HasProperty)
_MOST_STATES: Final = 1024


@frozen
class DataType:
    """What the values of a node are."""

    built_in: int | None = None
    """The number of the built-in type; None if only the value tells."""
    states: Mapping[int, str] = field(factory=dict[int, str])
    """Of an enumeration: its numbers and their texts."""


async def data_types(
    session: Session, ids: Iterable[ua.NodeId], deadline: float
) -> dict[ua.NodeId, DataType | Failure]:
    """Give what data types are; each is asked once a session."""
    found: dict[ua.NodeId, DataType | Failure] = {}
    for one in set(ids):
        known = session.types.get(one) or await _data_type(session, one, deadline)
        if isinstance(known, DataType):
            session.types[one] = known
        found[one] = known
    return found


async def _data_type(session: Session, node: ua.NodeId, deadline: float) -> DataType | Failure:
    """Go from type to supertype until one is built in."""
    ancestor = node
    for _ in range(_MOST_GENERATIONS):
        number = ancestor.Identifier if ancestor.NamespaceIndex == 0 else None
        if number in _ABSTRACT:
            return DataType()
        if isinstance(number, int) and 0 < number <= _LARGEST_BUILT_IN:
            return DataType(number)
        if number == _ENUMERATION:
            states = await _states_of_type(session, node, deadline)
            return states if isinstance(states, Failure) else DataType(_INT32, states)
        description = ua.BrowseDescription(
            NodeId=ancestor,
            BrowseDirection=ua.BrowseDirection.Inverse,
            ReferenceTypeId=_HAS_SUBTYPE,
            IncludeSubtypes=True,
            ResultMask=ua.BrowseResultMask.None_,
        )
        (references,) = await browse_nodes(session, [description], deadline)
        if isinstance(references, Failure):
            return references
        if not references:
            break
        ancestor = local_id(references[0].NodeId)
    return DataType()


def local_id(node: ua.NodeId) -> ua.NodeId:
    """Give a NodeId without what an expanded one has more."""
    return ua.NodeId(node.Identifier, node.NamespaceIndex, node.NodeIdType)


async def properties_of(
    session: Session, nodes: Iterable[ua.NodeId], deadline: float
) -> list[dict[str, ua.NodeId] | Failure]:
    """Give the properties of nodes by their names; whatever namespace a server has put them into counts."""
    descriptions = [
        ua.BrowseDescription(
            NodeId=node,
            BrowseDirection=ua.BrowseDirection.Forward,
            ReferenceTypeId=_HAS_PROPERTY,
            IncludeSubtypes=True,
            ResultMask=ua.BrowseResultMask.BrowseName,
        )
        for node in nodes
    ]
    found = await browse_nodes(session, descriptions, deadline)
    return [one if isinstance(one, Failure) else {r.BrowseName.Name: local_id(r.NodeId) for r in one} for one in found]


async def _states_of_type(session: Session, node: ua.NodeId, deadline: float) -> dict[int, str] | Failure:
    (properties,) = await properties_of(session, [node], deadline)
    if isinstance(properties, Failure):
        return properties
    ids = [
        ua.ReadValueId(NodeId=properties[name], AttributeId=ua.AttributeIds.Value)
        for name in ("EnumValues", "EnumStrings")
        if name in properties
    ]
    ids.append(ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.DataTypeDefinition))
    samples = await read_nodes(session, ids, deadline)
    return next((states for one in samples if (states := states_in(one))), {})


def states_in(sample: Sample | Failure) -> dict[int, str]:
    """Give the states that EnumStrings, EnumValues or a DataTypeDefinition lists; none if it is no such thing."""
    if isinstance(sample, Failure) or not status.is_good(sample.status):
        return {}
    value = sample.value
    if isinstance(value, ua.EnumDefinition):
        return {int(one.Value): one.Name or "" for one in value.Fields or []}
    if not isinstance(value, list):
        return {}
    if all(isinstance(one, ua.LocalizedText) for one in value):
        return {number: one.Text or "" for number, one in enumerate(value)}
    if all(isinstance(one, ua.EnumValueType) for one in value):
        return {int(one.Value): text_of(one.DisplayName) for one in value}
    return {}


def labels_of(states: Mapping[int, str]) -> tuple[str, ...]:
    """Give the texts by number, with gaps empty; nothing if the numbers are no places in a list."""
    if not states or min(states) < 0 or max(states) >= _MOST_STATES:
        return ()
    return tuple(states.get(number, "") for number in range(max(states) + 1))


def text_of(value: Any) -> str:
    """Give the text of a LocalizedText, or of nothing."""
    return str(getattr(value, "Text", None) or "")
