"""From names to the nodes of the present session."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from asyncua import ua
from attrs import define

from osprey.api import ErrorKind
from osprey_labview.opcua import status
from osprey_labview.opcua.asking import translate_paths
from osprey_labview.opcua.failure import Failure
from osprey_labview.opcua.names import BadNameError, BrowsePath, canonical_name, parse_name
from osprey_labview.opcua.session import Session

if TYPE_CHECKING:
    from osprey_labview.opcua.facts import Facts

_ROOT: Final = ua.NodeId(ua.ObjectIds.RootFolder)
_HIERARCHICAL: Final = ua.NodeId(ua.ObjectIds.HierarchicalReferences)
_HERE: Final = 0xFFFF_FFFF
"""What a path that was followed to its end leaves over."""


@define(eq=False)
class Node:
    """A node that may exist, for as long as its session lives."""

    id: ua.NodeId
    name: str | None
    """The canonical name."""
    value: ua.ReadValueId
    """What a request for its value holds; made once."""
    facts: Facts | None = None
    """What was last found about it."""


async def resolve(session: Session, names: Sequence[str], deadline: float) -> list[Node | Failure]:
    """Find the node of each name; a browse path is asked once a session."""
    known = session.names
    try:
        return [known[name] for name in names]
    except KeyError:
        pass
    found: dict[str, Node | Failure] = {}
    paths: dict[str, BrowsePath] = {}
    for name in names:
        if name in known or name in found:
            continue
        parsed = _parse(session, name)
        if isinstance(parsed, BrowsePath):
            paths[name] = parsed
        else:
            found[name] = parsed
    if paths:
        found.update(await _follow(session, paths, deadline))
    known.update((name, node) for name, node in found.items() if isinstance(node, Node))
    return [found.get(name) or known[name] for name in names]


def _parse(session: Session, name: str) -> BrowsePath | Node | Failure:
    try:
        parsed = parse_name(name)
    except BadNameError as exc:
        return Failure(ErrorKind.NOT_FOUND, str(exc))
    if isinstance(parsed, BrowsePath):
        return parsed
    node_id = parsed.node_id(session.namespaces)
    if node_id is None:
        return Failure(ErrorKind.NOT_FOUND, f"the server has no namespace {parsed.uri!r}")
    return node_of(session, node_id)


def node_of(session: Session, node_id: ua.NodeId) -> Node:
    """Give the node of an id; whatever it is called, it is one node."""
    node = session.nodes.get(node_id)
    if node is None:
        value = ua.ReadValueId(NodeId=node_id, AttributeId=ua.AttributeIds.Value)
        node = session.nodes[node_id] = Node(node_id, canonical_name(node_id, session.namespaces), value)
    return node


async def _follow(session: Session, paths: dict[str, BrowsePath], deadline: float) -> dict[str, Node | Failure]:
    results = await translate_paths(session, [_path_of(path) for path in paths.values()], deadline)
    return {name: _target_of(session, result) for name, result in zip(paths, results, strict=True)}


def _path_of(path: BrowsePath) -> ua.BrowsePath:
    elements = [
        ua.RelativePathElement(
            ReferenceTypeId=_HIERARCHICAL,
            IsInverse=False,
            IncludeSubtypes=True,
            TargetName=ua.QualifiedName(name, index),
        )
        for index, name in path.steps
    ]
    return ua.BrowsePath(StartingNode=_ROOT, RelativePath=ua.RelativePath(Elements=elements))


def _target_of(session: Session, result: ua.BrowsePathResult | Failure) -> Node | Failure:
    if isinstance(result, Failure):
        return result
    if not status.is_good(result.StatusCode.value):
        return status.failure_of(result.StatusCode.value)
    here = [target.TargetId for target in result.Targets or [] if target.RemainingPathIndex == _HERE]
    if len(here) != 1:
        count = len(here) or "no"
        return Failure(ErrorKind.NOT_FOUND, f"the browse path leads to {count} nodes of this server; use a NodeId")
    target = here[0]
    return node_of(session, ua.NodeId(target.Identifier, target.NamespaceIndex, target.NodeIdType))
