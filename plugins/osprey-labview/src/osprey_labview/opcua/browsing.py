"""Searching: a walk through the server's nodes below Objects."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Callable, Sequence
from typing import Final

from asyncua import ua
from attrs import frozen

from osprey.api import ChannelRecord, ConnectorError
from osprey_labview.opcua import status
from osprey_labview.opcua.asking import browse_nodes, read_nodes
from osprey_labview.opcua.codec import Sample
from osprey_labview.opcua.data_types import DataType, data_types, local_id, text_of
from osprey_labview.opcua.failure import Failure
from osprey_labview.opcua.names import canonical_name
from osprey_labview.opcua.session import Session
from osprey_labview.opcua.values import is_supported

_OBJECTS: Final = ua.NodeId(ua.ObjectIds.ObjectsFolder)
_HIERARCHICAL: Final = ua.NodeId(ua.ObjectIds.HierarchicalReferences)
_HAS_PROPERTY: Final = ua.ObjectIds.HasProperty
_MASK: Final = ua.BrowseResultMask.BrowseName | ua.BrowseResultMask.NodeClass | ua.BrowseResultMask.ReferenceTypeId
_ATTRIBUTES: Final = (ua.AttributeIds.DataType, ua.AttributeIds.Description)


@frozen
class _Place:
    """A node and the way to it."""

    id: ua.NodeId
    path: tuple[tuple[int, str], ...]
    is_variable: bool

    @property
    def text(self) -> str:
        """The browse path as it can be used for a name."""
        return "/".join(f"{index}:{_escape(name)}" if index else _escape(name) for index, name in self.path)


def _escape(name: str) -> str:
    return re.sub(r"([/&:])", r"&\1", name)


async def search(session: Session, pattern: str, limit: int, deadline: float) -> list[ChannelRecord]:
    """Give variables whose name, path or description matches: a glob, or a part of one in any letter case.

    :raises ConnectorError: the walk did not come to its end in time.
    """
    is_match = _matcher(pattern)
    seen = {_OBJECTS}
    level = [_Place(_OBJECTS, ((0, "Objects"),), is_variable=False)]
    records: list[ChannelRecord] = []
    while level and len(records) < limit:
        level = await _below(session, level, seen, deadline)
        variables = [place for place in level if place.is_variable]
        records += filter(is_match, await _records(session, variables, deadline))
    return records[:limit]


def _matcher(pattern: str) -> Callable[[ChannelRecord], bool]:
    if any(mark in pattern for mark in "*?["):
        matches = re.compile(fnmatch.translate(pattern)).match
        return lambda record: any(matches(text) for text in (record.name, *record.aliases))
    wanted = pattern.casefold()
    return lambda record: any(wanted in t.casefold() for t in (record.name, record.description, *record.aliases))


async def _below(session: Session, level: Sequence[_Place], seen: set[ua.NodeId], deadline: float) -> list[_Place]:
    descriptions = [
        ua.BrowseDescription(
            NodeId=place.id,
            BrowseDirection=ua.BrowseDirection.Forward,
            ReferenceTypeId=_HIERARCHICAL,
            IncludeSubtypes=True,
            NodeClassMask=ua.NodeClass.Object | ua.NodeClass.Variable,
            ResultMask=_MASK,
        )
        for place in level
    ]
    found: list[_Place] = []
    for place, references in zip(level, await browse_nodes(session, descriptions, deadline), strict=True):
        for reference in _good(references):
            node = local_id(reference.NodeId)
            if node in seen or not _is_of_interest(reference):
                continue
            seen.add(node)
            step = (reference.BrowseName.NamespaceIndex, reference.BrowseName.Name or "")
            found.append(_Place(node, (*place.path, step), reference.NodeClass == ua.NodeClass.Variable))
    return found


def _good(references: list[ua.ReferenceDescription] | Failure) -> list[ua.ReferenceDescription]:
    if not isinstance(references, Failure):
        return references
    if references.raw and references.raw.startswith("Bad"):
        return []  # a branch that this user may not see
    msg = f"the search did not come to its end: {references.message}; raise opcua.search_s, or list the channels"
    raise ConnectorError(msg)


def _is_of_interest(reference: ua.ReferenceDescription) -> bool:
    """Leave out properties, other servers' nodes, and what every server has."""
    is_property = (
        reference.ReferenceTypeId.NamespaceIndex == 0 and reference.ReferenceTypeId.Identifier == _HAS_PROPERTY
    )
    is_here = not getattr(reference.NodeId, "ServerIndex", 0) and not getattr(reference.NodeId, "NamespaceUri", None)
    return not is_property and is_here and reference.NodeId.NamespaceIndex != 0


async def _records(session: Session, places: Sequence[_Place], deadline: float) -> list[ChannelRecord]:
    ids = [ua.ReadValueId(NodeId=place.id, AttributeId=one) for place in places for one in _ATTRIBUTES]
    samples = await read_nodes(session, ids, deadline)
    pairs = list(zip(places, samples[::2], samples[1::2], strict=True))
    types = await data_types(
        session, (t.value for _, t, _ in pairs if isinstance(t, Sample) and status.is_good(t.status)), deadline
    )
    records: list[ChannelRecord] = []
    for place, data_type, description in pairs:
        name = canonical_name(place.id, session.namespaces)
        known = types.get(data_type.value) if isinstance(data_type, Sample) else None
        if name is None or not isinstance(known, DataType) or not is_supported(known.built_in or 1):
            continue
        text = text_of(description.value) if isinstance(description, Sample) else ""
        records.append(ChannelRecord(name=name, description=text, device=place.path[-2][1], aliases=(place.text,)))
    return records
