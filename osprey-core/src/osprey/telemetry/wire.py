"""An OTLP document on its way: as protobuf, in one request of HTTP."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from contextlib import closing
from http.client import HTTPConnection, HTTPSConnection
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final
from urllib.parse import urlsplit

from osprey.errors import OspreyError

EXTRA_REMEDY: Final = "pip install 'osprey-core[otel]'"
_PATH: Final = "/v1/traces"
_REQUEST: Final = "opentelemetry.proto.collector.trace.v1.trace_service_pb2"
_IDENTITIES: Final = ("traceId", "spanId", "parentSpanId")
_LEFT_BY_SERVER: Final = 400


class ExportError(OspreyError):
    """A collector did not take a trace."""


def lacks_extra() -> bool:
    """Say whether what makes protobuf of a document is not installed; nothing of it is imported."""
    try:
        return find_spec("opentelemetry.proto") is None or find_spec("google.protobuf") is None
    except ModuleNotFoundError:
        return True


def to_protobuf(document: Mapping[str, Any]) -> bytes:
    """Give a document as the bytes of an `ExportTraceServiceRequest`."""
    json_format: Any = import_module("google.protobuf.json_format")
    request: Any = import_module(_REQUEST).ExportTraceServiceRequest()
    return json_format.ParseDict(_with_bytes(document), request).SerializeToString()


def _with_bytes(value: Any, key: str = "") -> Any:
    """Write identities as protobuf's own JSON has them, in base 64."""
    if key in _IDENTITIES:
        return base64.b64encode(bytes.fromhex(value)).decode("ascii")
    if isinstance(value, Mapping):
        return {name: _with_bytes(below, name) for name, below in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if isinstance(value, list):
        return [_with_bytes(below) for below in value]  # pyright: ignore[reportUnknownVariableType]
    return value


def connection_to(endpoint: str, *, timeout_s: float) -> HTTPConnection:
    """Give a connection to a collector, not opened yet."""
    parts = urlsplit(endpoint)
    is_https = parts.scheme == "https"
    # Without a port, `http.client` takes the last part of an IPv6 address for one.
    port = parts.port or (443 if is_https else 80)
    return (HTTPSConnection if is_https else HTTPConnection)(parts.hostname or "", port, timeout=timeout_s)


def post(endpoint: str, headers: Mapping[str, str], body: bytes, *, timeout_s: float) -> None:
    """Send protobuf to a collector, once. No proxy of the environment is used, and no redirection followed.

    :param endpoint: the collector's address; `/v1/traces` is added where it does not stand.
    :raises ExportError: it answered that it does not take it.
    :raises OSError: nobody answered.
    """
    parts = urlsplit(endpoint)
    path = parts.path.rstrip("/")
    place = (path if path.endswith(_PATH) else f"{path}{_PATH}") + (f"?{parts.query}" if parts.query else "")
    with closing(connection_to(endpoint, timeout_s=timeout_s)) as connection:
        connection.request("POST", place, body, {**headers, "Content-Type": "application/x-protobuf"})
        answer = connection.getresponse()
        if not 200 <= answer.status < 300:
            said = answer.read(_LEFT_BY_SERVER).decode("utf-8", "replace").strip()
            raise ExportError(f"it answered {answer.status} {answer.reason}" + (f": {said}" if said else ""))
