"""A stub of the Archiver Appliance: its addresses and wire formats over a seeded store, and ways to fail.

    python plugins/osprey-epics/tests/peers/appliance.py --port 17668

A first part of the path chooses a failure (`FAILURES`), so ``http://127.0.0.1:17668/hang`` is an Appliance that
takes requests and never answers. It prints its port once it serves, and ends with its standard input.
"""

from __future__ import annotations

import argparse
import json
import re
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from fnmatch import fnmatchcase
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

from appliance_store import Channel, apply_operator, make_store
from appliance_wire import as_json, as_raw, joined

_OPERATOR = re.compile(r"([A-Za-z]+)(?:_(\d+))?\((.*)\)")
TOKEN = "Bearer let-me-in"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    store: ClassVar[dict[str, Channel]] = {}
    asked: ClassVar[list[str]] = []
    kept: ClassVar[dict[str, bytes]] = {}
    running: ClassVar[int] = 0
    most_running: ClassVar[int] = 0
    lock: ClassVar[threading.Lock] = threading.Lock()

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        path = parts.path
        failure = FAILURES.get(path.split("/")[1])
        if failure is not None:
            failure(self)
            path = "/" + path.split("/", 2)[2]
            if self.wfile.closed or self.close_connection:
                return
        if path == "/asked":
            self.send_json({"asked": self.asked, "most_running": self.most_running})
            return
        self.asked.append(self.path)
        if path.startswith("/retrieval/data/getData."):
            self._data(path.rpartition(".")[2], query)
        elif path == "/retrieval/bpl/getMatchingPVs":
            found = [name for name in self.store if fnmatchcase(name, query["pv"])]
            self.send_json(found[: int(query["limit"])])
        elif path == "/mgmt/bpl/getPVTypeInfo":
            self._type_info(query["pv"])
        elif path == "/mgmt/bpl/getPVStatus":
            self._status(query["pv"])
        else:
            self.send_error(404)

    def _data(self, form: str, query: dict[str, str]) -> None:
        key = self.path
        if key not in self.kept:
            match = _OPERATOR.fullmatch(query["pv"])
            operator, argument, name = match.groups() if match else ("", "", query["pv"])
            channel = self.store.get(name)
            if channel is None:
                self.send_error(404, "Unable to find type info")
                return
            first_ns, last_ns = (_parse(query[end]) for end in ("from", "to"))
            events = channel.between(first_ns, last_ns)
            kind, elements = channel.kind, channel.elements
            if operator and elements == 1:  # of a waveform there are no statistics
                events = apply_operator(operator, int(argument or 0), events, first_ns, last_ns)
                is_summary = bool(events) and isinstance(events[0].value, list) and elements == 1
                if operator == "ncount":
                    kind = "DBR_SCALAR_INT"
                elif is_summary:
                    kind, elements = "DBR_WAVEFORM_DOUBLE", 5
                elif events and isinstance(events[0].value, float):
                    kind = "DBR_SCALAR_DOUBLE"
            if form == "json":
                self.kept[key] = b"".join(as_json(name, channel.unit, events))
            else:
                self.kept[key] = b"".join(as_raw(name, channel.unit, kind, elements, events))
        self.send_chunks(
            joined(iter([self.kept[key]])), "application/json" if form == "json" else "application/x-protobuf"
        )

    def _type_info(self, name: str) -> None:
        channel = self.store.get(name)
        if channel is None:
            self.send_error(404)
            return
        self.send_json(
            {
                "pvName": name,
                "DBRType": channel.kind,
                "scalar": str(channel.elements == 1).lower(),
                "elementCount": str(channel.elements),
                "samplingMethod": channel.method,
                "samplingPeriod": str(channel.period_s),
                "units": channel.unit,
                "paused": str(channel.is_paused).lower(),
                "creationTime": "2023-11-14T22:13:19.000Z",
            }
        )

    def _status(self, name: str) -> None:
        channel = self.store.get(name)
        status = "Not being archived" if channel is None else "Paused" if channel.is_paused else "Being archived"
        self.send_json([{"pvName": name, "status": status, "appliance": "stub"}])

    def send_json(self, value: Any) -> None:
        body = json.dumps(value).encode()
        self.send_whole(200, body, "application/json")

    def send_whole(self, status: int, body: bytes, kind: str, **headers: str) -> None:
        self.send_response(status)
        for name, text in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(body)

    def send_chunks(self, chunks: Iterator[bytes], kind: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in chunks:
            for start in range(0, len(chunk), 65536):
                part = chunk[start : start + 65536]
                self.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class calls it so
        """Say nothing."""


def _parse(text: str) -> int:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return round(moment.timestamp() * 1000) * 10**6


def _hang(handler: Handler) -> None:
    time.sleep(3600)


def _die(handler: Handler) -> None:
    """Send a part of an answer, and end the connection."""
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.send_header("Content-Length", "100000")
    handler.end_headers()
    handler.wfile.write(b'[ { "meta": { "name": "SR:CUR" }, "data": [ { "secs": 17')
    handler.close_connection = True


def _endless(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Type", "application/json")
    handler.end_headers()
    handler.close_connection = True
    sample = b'{ "secs": 1700000000, "val": 1.0, "nanos": 5, "severity":0, "status":0 },\n' * 500
    handler.wfile.write(b'[ { "meta": { "name": "SR:CUR" }, "data": [')
    while True:
        handler.wfile.write(sample)


def _answer(status: int, body: bytes, kind: str, **headers: str) -> Callable[[Handler], None]:
    def answer(handler: Handler) -> None:
        handler.send_whole(status, body, kind, Connection="close", **headers)
        handler.close_connection = True

    return answer


def _guarded(handler: Handler) -> None:
    if handler.headers.get("Authorization") != TOKEN:
        _answer(401, b"", "text/plain")(handler)


def _no_management(handler: Handler) -> None:
    if "/mgmt/" in handler.path:
        _answer(403, b"", "text/plain")(handler)


def _slow(handler: Handler) -> None:
    """Take some time; what is counted ends before the answer begins, so that the next request cannot overlap it."""
    with handler.lock:
        Handler.running += 1
        Handler.most_running = max(Handler.most_running, Handler.running)
    time.sleep(0.2)
    with handler.lock:
        Handler.running -= 1


_PAGE = b"<html><body><form>Please log in</form></body></html>"
FAILURES: dict[str, Callable[[Handler], None]] = {
    "hang": _hang,
    "slow": _slow,
    "die": _die,
    "endless": _endless,
    "garbage": _answer(200, b"\x00\xff\x1b\x09 no answer at all \n", "application/json"),
    "other": _answer(200, b'{"error": "no"}', "application/json"),
    "html": _answer(200, _PAGE, "text/html;charset=UTF-8"),
    "login": _answer(302, b"", "text/plain", Location="https://sso.example.org/login?next=/retrieval"),
    "s404": _answer(404, b"", "text/plain"),
    "s500": _answer(500, _PAGE, "text/html"),
    "s503": _answer(503, _PAGE, "text/html"),
    "guarded": _guarded,
    "nomgmt": _no_management,
}


class Appliance:
    """The stub in a process of its own."""

    def __init__(self, *, big: int = 20_000, certificate: Path | None = None) -> None:
        self._big = big
        self._certificate = certificate
        self.port = 0

    @property
    def url(self) -> str:
        return f"http{'s' if self._certificate else ''}://127.0.0.1:{self.port}"

    def start(self) -> None:
        command = [sys.executable, __file__, "--big", str(self._big)]
        if self._certificate:
            command += ["--certificate", str(self._certificate)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.port = int(self._process.stdout.readline())

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        self._process.kill()
        self._process.wait()


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that went away."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--big", type=int, default=20_000)
    parser.add_argument("--certificate", type=Path, help="serve https with the certificate and key in this file")
    options = parser.parse_args()
    Handler.store = make_store(options.big)
    server = _QuietServer(("127.0.0.1", options.port), Handler)
    if options.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(options.certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_address[1], flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
