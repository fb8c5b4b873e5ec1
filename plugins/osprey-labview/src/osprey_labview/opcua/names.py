"""Names of nodes: what people write, and the one form that outlives a start of the server.

The index of a namespace may be another one after the next start of a server, its URI is not. So the canonical name
is ``nsu=URI;s=Identifier`` (OPC 10000-6, 5.1.12), and ``i=2258`` for the OPC Foundation's own nodes.
"""

from __future__ import annotations

import base64
import binascii
import re
from uuid import UUID

from asyncua import ua
from attrs import frozen

_NODE = re.compile(r"(?:ns=(?P<index>[0-9]{1,5});|nsu=(?P<uri>[^;]+);)?(?P<kind>[isgb])=(?P<identifier>.*)", re.DOTALL)
_SEGMENT = re.compile(r"(?:(?P<index>[0-9]{1,5}):)?(?P<name>.+)", re.DOTALL)
_LARGEST_INDEX = 65535
_LONGEST = 4096
"""OPC 10000-3 gives a server the right to identifiers of this length, and no more."""

_KINDS = {
    ua.NodeIdType.TwoByte: "i",
    ua.NodeIdType.FourByte: "i",
    ua.NodeIdType.Numeric: "i",
    ua.NodeIdType.String: "s",
    ua.NodeIdType.Guid: "g",
    ua.NodeIdType.ByteString: "b",
}
_TYPES = {
    "i": ua.NodeIdType.Numeric,
    "s": ua.NodeIdType.String,
    "g": ua.NodeIdType.Guid,
    "b": ua.NodeIdType.ByteString,
}


class BadNameError(ValueError):
    """A text that can't be the name of a node."""


@frozen
class NodeName:
    """A NodeId as it was written."""

    kind: str
    identifier: int | str | UUID | bytes
    index: int = 0
    uri: str | None = None

    def node_id(self, namespaces: tuple[str, ...]) -> ua.NodeId | None:
        """Give the NodeId at a server with these namespaces; None if it has not that of the name."""
        index = self.index
        if self.uri is not None:
            if self.uri not in namespaces:
                return None
            index = namespaces.index(self.uri)
        return ua.NodeId(self.identifier, index, _TYPES[self.kind])


@frozen
class BrowsePath:
    """The way to a node from the root, by browse names."""

    steps: tuple[tuple[int, str], ...]


def parse_name(text: str) -> NodeName | BrowsePath:
    """Take a name apart.

    :raises BadNameError: it is neither a NodeId nor a browse path.
    """
    if len(text) > _LONGEST:
        msg = "no node has a name as long as this"
        raise BadNameError(msg)
    found = _NODE.fullmatch(text)
    if found is not None:
        return _node_name(**found.groupdict())
    return _browse_path(text)


def _node_name(index: str | None, uri: str | None, kind: str, identifier: str) -> NodeName:
    number = int(index or 0)
    if number > _LARGEST_INDEX:
        msg = f"ns={number}: the index of a namespace is at most {_LARGEST_INDEX}"
        raise BadNameError(msg)
    return NodeName(kind, _identifier(kind, identifier), number, None if uri is None else _unescape_uri(uri))


def _identifier(kind: str, text: str) -> int | str | UUID | bytes:
    try:
        if kind == "i" and text.isascii() and text.isdigit() and int(text) < 2**32:
            return int(text)
        if kind == "g":
            return UUID(text)
        if kind == "b" and text:
            return base64.b64decode(text, validate=True)
        if kind == "s" and text and "\0" not in text:
            text.encode()
            return text
    except (ValueError, binascii.Error, UnicodeEncodeError):
        pass
    what = {"i": "a number below 2^32", "g": "a GUID", "b": "bytes in base64", "s": "a text"}[kind]
    msg = f"{kind}= is followed by {what}"
    raise BadNameError(msg)


def _browse_path(text: str) -> BrowsePath:
    parts = _split(text.removeprefix("/"))
    steps: list[tuple[int, str]] = []
    for part in parts:
        found = _SEGMENT.fullmatch(part)
        if found is None or int(found["index"] or 0) > _LARGEST_INDEX:
            break
        steps.append((int(found["index"] or 0), re.sub(r"&(.)", r"\1", found["name"])))
    if len(steps) != len(parts) or len(steps) < 2 or steps[0] != (0, "Objects"):
        msg = "write 'nsu=URI;s=Name', 'ns=2;s=Name', or a browse path such as 'Objects/2:Magnets/2:Q1'"
        raise BadNameError(msg)
    try:
        text.encode()
    except UnicodeEncodeError as exc:
        msg = "it is not a text of Unicode characters"
        raise BadNameError(msg) from exc
    return BrowsePath(tuple(steps))


def _split(text: str) -> list[str]:
    """Cut at every slash that no ``&`` stands before."""
    return re.findall(r"(?:[^/&]|&.)+", text, re.DOTALL) if not re.search(r"//|/$|&$", text) else []


def canonical_name(node_id: ua.NodeId, namespaces: tuple[str, ...]) -> str | None:
    """Give the canonical name; None if the server's namespaces leave it ambiguous."""
    name = _text_of(node_id)
    if node_id.NamespaceIndex == 0:
        return name
    uri = namespaces[node_id.NamespaceIndex] if node_id.NamespaceIndex < len(namespaces) else ""
    if not uri or namespaces.index(uri) != node_id.NamespaceIndex:
        return None
    return f"nsu={_escape_uri(uri)};{name}"


def _text_of(node_id: ua.NodeId) -> str:
    kind, identifier = _KINDS[node_id.NodeIdType], node_id.Identifier
    text = base64.b64encode(identifier).decode() if isinstance(identifier, bytes) else str(identifier)
    return f"{kind}={text}"


def _escape_uri(uri: str) -> str:
    return uri.replace("%", "%25").replace(";", "%3B")


def _unescape_uri(text: str) -> str:
    return text.replace("%3B", ";").replace("%3b", ";").replace("%25", "%")
