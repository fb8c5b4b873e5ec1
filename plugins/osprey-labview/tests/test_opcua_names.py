"""Names of nodes: what is accepted, and the one canonical form."""

from __future__ import annotations

import uuid

import pytest
from asyncua import ua
from hypothesis import given
from hypothesis import strategies as st

from osprey_labview.opcua.names import BadNameError, BrowsePath, NodeName, canonical_name, parse_name

NAMESPACES = ("http://opcfoundation.org/UA/", "urn:server", "http://plant/a;b%", "urn:twin", "urn:twin", "")
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)
IDS = st.one_of(
    st.tuples(st.just(ua.NodeIdType.Numeric), st.integers(0, 2**32 - 1)),
    st.tuples(st.just(ua.NodeIdType.String), TEXTS),
    st.tuples(st.just(ua.NodeIdType.Guid), st.builds(uuid.uuid4)),
    st.tuples(st.just(ua.NodeIdType.ByteString), st.binary(min_size=1, max_size=20)),
)


@given(IDS, st.integers(0, 3))
def test_the_canonical_name_leads_back_to_its_node(identity: tuple[ua.NodeIdType, object], index: int) -> None:
    kind, identifier = identity
    node = ua.NodeId(identifier, index, kind)
    name = canonical_name(node, NAMESPACES)
    assert name is not None
    parsed = parse_name(name)
    assert isinstance(parsed, NodeName)
    assert parsed.node_id(NAMESPACES) == node
    assert canonical_name(parsed.node_id(NAMESPACES), NAMESPACES) == name


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("ns=2;s=Q1", "nsu=http://plant/a%3Bb%25;s=Q1"),
        ("nsu=http://plant/a%3Bb%25;s=Q1", "nsu=http://plant/a%3Bb%25;s=Q1"),
        ("ns=2;i=007", "nsu=http://plant/a%3Bb%25;i=7"),
        ("i=2258", "i=2258"),
        ("ns=0;i=2258", "i=2258"),
        (
            "ns=1;g={72962B91-FA75-4AE6-8D28-B404DC7DAF63}",
            "nsu=urn:server;g=72962b91-fa75-4ae6-8d28-b404dc7daf63",
        ),
        ("ns=1;b=AQL/", "nsu=urn:server;b=AQL/"),
        ("ns=1;s=a;b=c", "nsu=urn:server;s=a;b=c"),
    ],
)
def test_every_spelling_has_one_canonical_name(text: str, canonical: str) -> None:
    parsed = parse_name(text)
    assert isinstance(parsed, NodeName)
    assert canonical_name(parsed.node_id(NAMESPACES), NAMESPACES) == canonical


@pytest.mark.parametrize(
    ("index", "why"),
    [(4, "a URI that stands twice"), (5, "an empty URI"), (9, "an index that the server has not")],
)
def test_a_namespace_that_is_not_one_gives_no_canonical_name(index: int, why: str) -> None:
    assert canonical_name(ua.NodeId("X", index), NAMESPACES) is None, why


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("Objects/2:Magnets/2:Q1", ((0, "Objects"), (2, "Magnets"), (2, "Q1"))),
        ("/Objects/Server", ((0, "Objects"), (0, "Server"))),
        ("Objects/2:a&/b/3:c&&d&:e", ((0, "Objects"), (2, "a/b"), (3, "c&d:e"))),
    ],
)
def test_a_browse_path_is_taken_apart(text: str, steps: tuple[tuple[int, str], ...]) -> None:
    assert parse_name(text) == BrowsePath(steps)


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "Q1", "ns=2;Q1", "ns=2;s=", "ns=70000;s=Q1", "ns=-1;s=Q1", "i=4294967296", "i=-1", "i=1.5", "i=\u0663",
        "g=12", "b=###", "b=", "s=a\0b", "nsu=;s=Q1", "Objects", "Objects//2:A", "Objects/2:A/", "Magnets/Q1",
        "Objects/99999:A", "s=\ud800", "Objects/2:\ud800", "x" * 10_000, "ns=2;s=" + "x" * 10_000,
    ],
)  # fmt: skip
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(BadNameError):
        parse_name(text)


@given(st.text(max_size=60))
def test_any_text_is_a_name_or_refused(text: str) -> None:
    try:
        parse_name(text)
    except BadNameError as exc:
        assert str(exc)
