"""A collector on the loopback that decodes what it is sent, as a real one would."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Generator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from attrs import define, field
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest


@define
class Collector:
    """What has arrived, and what is answered."""

    url: str = ""
    answers: list[int] = field(factory=list)
    """The statuses of the first answers; those after them are 200."""
    paths: list[str] = field(factory=list)
    headers: list[dict[str, str]] = field(factory=list)
    requests: list[Any] = field(factory=list)

    def spans(self) -> list[Any]:
        """Every span of every request that was decoded."""
        return [
            span for one in self.requests for r in one.resource_spans for scope in r.scope_spans for span in scope.spans
        ]


@contextmanager
def collecting(tls: ssl.SSLContext | None = None) -> Generator[Collector]:
    """Serve until the end of the block, over TLS if there is a certificate."""
    found = Collector()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.paths.append(self.path)
            found.headers.append({name.lower(): value for name, value in self.headers.items()})
            found.requests.append(ExportTraceServiceRequest.FromString(body))
            self.send_response(found.answers.pop(0) if found.answers else 200)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    serving.start()
    found.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        serving.join()


def plain(attributes: Any) -> dict[str, Any]:
    """Give attributes as a mapping."""
    return {one.key: getattr(one.value, one.value.WhichOneof("value")) for one in attributes}
