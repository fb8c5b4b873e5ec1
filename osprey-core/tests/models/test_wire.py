"""What is sent to an endpoint, and what is said of a failure."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from osprey.errors import ModelError, ModelErrorKind
from osprey.models.chat.faults import ComplaintError, fault_of, require_no_complaint
from osprey.models.chat.protocol import ModelAddress
from osprey.models.chat.reading import AnswerError
from osprey.models.chat.statuses import Complaint, kind_of_complaint, kind_of_status, read_complaint, read_retry_after
from osprey.models.chat.wire import ModelWire

K = ModelErrorKind
KEY = "sk-canary-0123456789"


def wire(headers: Mapping[str, str] | None = None, **address: Any) -> ModelWire:
    known: dict[str, Any] = {"provider": "lab", "model_id": "m", "base_url": "https://models.example.org/v1"}
    made = ModelAddress(**(known | {"api_key": KEY} | address))
    return ModelWire.to(made, base_url=made.base_url, headers=headers or {"Authorization": f"Bearer {made.api_key}"})


def test_headers_of_the_address_go_over_those_of_the_dialect_whatever_their_case() -> None:
    made = ModelAddress(provider="lab", model_id="m", headers={"AUTHORIZATION": "Basic x"})
    own = ModelWire.to(made, base_url="https://m.example.org", headers={"Authorization": "Bearer y"}).headers
    assert own["authorization"] == "Basic x"
    assert "Authorization" not in own


def test_a_wire_shows_no_secret() -> None:
    assert KEY not in repr(wire())
    assert KEY not in str(wire().fault(K.DENIED, "no", said=f"the key {KEY}\nis wrong"))


def test_an_error_is_short_and_one_line_and_names_place_and_remedy() -> None:
    error = wire().fault(K.DENIED, "it answers 401", said="wrong\n\x1b[31m\u202ekey " * 1000)
    assert len(str(error)) <= 700
    assert str(error).isprintable()
    assert str(error).startswith("lab, model 'm' at https://models.example.org/v1: it answers 401")
    assert "check api.providers.lab.api_key" in str(error)


def test_a_key_of_a_few_letters_is_no_secret() -> None:
    assert "none of them" in str(wire(api_key="none").fault(K.SERVER, "x", said="none of them"))


@pytest.mark.parametrize("name", ["X Y", "X:Y", "", "X\n"])
def test_a_header_that_cannot_be_sent_is_refused(name: str) -> None:
    address = ModelAddress(provider="lab", model_id="m", headers={name: "v"})
    with pytest.raises(ModelError, match="cannot be sent"):
        ModelWire.to(address, base_url="https://m.example.org", headers={})


@pytest.mark.parametrize(
    ("exc", "kind"),
    [
        (TimeoutError(), K.TIMEOUT),
        (ConnectionRefusedError(111, "refused"), K.UNREACHABLE),
        (ssl.SSLError("bad certificate"), K.UNREACHABLE),
        (AnswerError("cut"), K.MALFORMED),
        (ComplaintError(Complaint(marks="overloaded_error")), K.OVERLOADED),
        (KeyError("choices"), K.MALFORMED),
        (UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed"), K.INVALID),
        (type("ReadTimeout", (type("TimeoutException", (Exception,), {}),), {})(), K.TIMEOUT),
        (type("ReadError", (type("TransportError", (Exception,), {}),), {})(), K.UNREACHABLE),
        (type("RemoteProtocolError", (Exception,), {})("incomplete chunked read"), K.MALFORMED),
        (type("RemoteProtocolError", (Exception,), {})("closed without sending a response"), K.UNREACHABLE),
    ],
)
def test_the_first_cause_decides_and_nothing_of_it_is_kept(exc: Exception, kind: ModelErrorKind) -> None:
    outer = RuntimeError(KEY)
    outer.__cause__ = exc
    error = fault_of(outer, wire())
    assert error.kind is kind
    assert error.__cause__ is None
    assert KEY not in str(error)


def test_an_error_of_our_own_is_told_as_it_is() -> None:
    outer = RuntimeError()
    outer.__cause__ = ModelError("no", kind=K.DENIED, retry_after_s=3.0)
    error = fault_of(outer, wire())
    assert (str(error), error.kind, error.retry_after_s) == ("no", K.DENIED, 3.0)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"error": {"message": "no"}}', "no"),
        (b'{"error": "no"}', "no"),
        (b'{"message": "no"}', "no"),
        (b'{"detail": "no"}', "no"),
        (b'[{"error": {"message": "no"}}]', "no"),
        (b'"no"', "no"),
        (b"no", "no"),
        (b'{"reason": "no"}', '{"reason": "no"}'),
        (b"", ""),
        (b"null", ""),
        (b"[]", ""),
        (b"\xff", "\ufffd"),
    ],
)
def test_an_endpoints_words_are_found_wherever_they_stand(body: bytes, said: str) -> None:
    assert read_complaint(body).said == said


@pytest.mark.parametrize("depth", [900, 5_000])
def test_words_that_are_nested_without_end_do_no_harm(depth: int) -> None:
    assert read_complaint(b"[" * depth + b"]" * depth).status is None
    assert read_complaint(b'{"error": ' * depth + b"1" + b"}" * depth).status is None


@pytest.mark.parametrize(
    ("status", "complaint", "kind"),
    [
        (429, Complaint(), K.RATE_LIMITED),
        (429, Complaint(marks="insufficient_quota"), K.EXHAUSTED),
        (503, Complaint(), K.SERVER),
        (503, Complaint(said="We are Overloaded"), K.OVERLOADED),
        (524, Complaint(), K.TIMEOUT),
        (599, Complaint(), K.SERVER),
        (418, Complaint(), K.INVALID),
        (302, Complaint(), K.INVALID),
        (204, Complaint(), K.MALFORMED),
    ],
)
def test_a_status_has_a_kind(status: int, complaint: Complaint, kind: ModelErrorKind) -> None:
    assert kind_of_status(status, complaint) is kind


@pytest.mark.parametrize(
    ("told", "kind"),
    [
        ({"error": {"type": "rate_limit_error"}}, K.RATE_LIMITED),
        ({"error": {"code": 503}}, K.SERVER),
        ({"error": {"code": "429"}}, K.RATE_LIMITED),
        ({"error": {"code": 401, "message": "no"}}, K.DENIED),
        ({"error": {"code": True}}, K.SERVER),
        ({"error": "broken"}, K.SERVER),
        ({"error": {"code": "context_length_exceeded"}}, K.INVALID),
    ],
)
def test_an_error_without_a_status_is_known_by_its_type_or_code(told: dict[str, Any], kind: ModelErrorKind) -> None:
    with pytest.raises(ComplaintError) as caught:
        require_no_complaint(told)
    assert kind_of_complaint(caught.value.complaint) is kind


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("7", 7.0),
        (" 1.5 ", 1.5),
        ("-3", 0.0),
        ("Tue, 10 Mar 2026 12:00:30 GMT", 30.0),
        ("Tue, 10 Mar 2026 11:00:00 GMT", 0.0),
        ("Tue, 10 Mar 2026 12:00:30 -0000", 30.0),
        ("Tue, 99 Mar 2026 12:00:30 GMT", None),
        ("soon", None),
        ("inf", None),
        ("nan", None),
        ("", None),
    ],
)
def test_how_long_to_wait_is_read_as_seconds_or_as_a_date(text: str, expected: float | None) -> None:
    now = datetime(2026, 3, 10, 12, tzinfo=UTC)
    assert read_retry_after({"retry-after": text}, now=now) == expected
    assert read_retry_after({}, now=now) is None
