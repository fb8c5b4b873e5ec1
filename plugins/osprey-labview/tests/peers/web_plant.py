"""A small machine behind the HTTP contract, with the standard library alone; run by `web_server.py`."""

from __future__ import annotations

import argparse
import base64
import fnmatch
import json
import math
import ssl
import sys
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def channels() -> dict[str, dict[str, Any]]:
    """Give the channels of the machine, each with its description and value."""
    number = {"type": "float", "writable": True, "value": 0.0}
    return {
        "Q1:Current": {**number, "value": 1.0, "unit": "A", "description": "Current of quadrupole 1", "device": "Q1"},
        "Count": {"type": "int", "writable": True, "value": 1},
        "Huge": {"type": "int", "writable": True, "value": 2**63},
        "Flag": {"type": "bool", "writable": True, "value": True},
        "Text": {"type": "string", "writable": True, "value": "hello"},
        "Mode": {"type": "enum", "writable": True, "value": 1, "labels": ["Off", "Standby", "On"]},
        "Wave": {"type": "float", "writable": True, "value": [1.0, 2.0, 3.0], "length": 3},
        "ReadOnly": {**number, "writable": False, "value": 3.0},
        "Limited": {**number, "low": -10.0, "high": 10.0, "unit": "mm"},
        "Rejects": dict(number),
        "Slow": dict(number),
        "Odd": {**number, "severity": "major", "alarm": "HIHI"},
        "NaN": {**number, "value": "NaN"},
        "größe µ": dict(number),
        "Q1.VAL": dict(number),
    }


class Plant:
    """The channels, and the operations of the contract."""

    def __init__(self, *, puts: Path | None = None, slow_s: float = 1.0, has_list: bool = True) -> None:
        self.channels = channels()
        self.aliases = {"Q1": "Q1:Current"}
        self.times: dict[str, str] = {}
        self.ids: set[str] = set()
        self.puts = puts
        self.slow_s = slow_s
        self.has_list = has_list
        self.lock = threading.Lock()

    def answer(self, operation: str, message: dict[str, Any]) -> tuple[int, Any]:
        """Give the status and the body of an answer."""
        if operation == "write":
            return self.write(message)
        if operation == "list":
            return self.list(message) if self.has_list else (404, {"message": "there is no list"})
        if operation in ("read", "describe"):
            make = self.read if operation == "read" else self.describe
            return 200, {"results": [make(name) for name in message["channels"]]}
        return 404, {"message": f"no operation {operation}"}

    def find(self, name: str) -> dict[str, Any] | None:
        return self.channels.get(self.aliases.get(name, name))

    def missing(self, name: str) -> dict[str, Any]:
        return {"channel": name, "error": {"kind": "not_found", "message": "no such channel"}}

    def read(self, name: str) -> dict[str, Any]:
        one = self.find(name)
        if one is None:
            return self.missing(name)
        result = {"channel": name, "type": one["type"], "value": one["value"]}
        result |= {key: one[key] for key in ("unit", "severity", "alarm") if key in one}
        if "labels" in one:
            result["label"] = one["labels"][one["value"]]
        result["time"] = self.times.get(self.aliases.get(name, name), "2026-01-02T03:04:05.123456789Z")
        return result

    def describe(self, name: str) -> dict[str, Any]:
        one = self.find(name)
        if one is None:
            return self.missing(name)
        keys = ("type", "writable", "unit", "description", "length", "low", "high", "labels")
        return {"channel": name, "name": self.aliases.get(name, name), **{key: one[key] for key in keys if key in one}}

    def list(self, message: dict[str, Any]) -> tuple[int, Any]:
        wanted = message["pattern"].casefold()
        found = [
            {"name": name, "description": one.get("description", ""), "unit": one.get("unit", "")}
            for name, one in self.channels.items()
            if wanted in f"{name} {one.get('description', '')}".casefold() or fnmatch.fnmatchcase(name, wanted)
        ]
        return 200, {"channels": [one for one in found if one["name"] != "Q1.VAL"][: message["limit"]]}

    def write(self, message: dict[str, Any]) -> tuple[int, Any]:
        with self.lock:
            if message["id"] in self.ids:
                return 409, {"message": "this id was used before"}
            self.ids.add(message["id"])
        results = [self.set(one) for one in message["writes"]]
        return 200, {"id": message["id"], "results": results}

    def set(self, write: dict[str, Any]) -> dict[str, Any]:
        name = self.aliases.get(write["channel"], write["channel"])
        one = self.channels.get(name)
        if one is None:
            return self.missing(write["channel"])
        kind = self.why_not(name, one, write)
        if kind:
            return {"channel": write["channel"], "error": {"kind": kind, "message": "no"}}
        if self.puts is not None:
            with self.puts.open("a", encoding="utf-8") as file:
                file.write(json.dumps([name, write["value"]]) + "\n")
        if name == "Slow":
            time.sleep(self.slow_s)
        one["value"] = write["value"]
        self.times[name] = datetime.now(UTC).isoformat().replace("+00:00", "Z")
        return {"channel": write["channel"], "written": True}

    def why_not(self, name: str, one: dict[str, Any], write: dict[str, Any]) -> str:
        if not one["writable"]:
            return "permission"
        if name == "Rejects":
            return "rejected"
        if write["type"] != one["type"]:
            return "bad_value"
        value = write["value"]
        low, high = one.get("low", -math.inf), one.get("high", math.inf)
        if one["type"] == "float" and not isinstance(value, list):
            return "" if not WORDS.get(value, value) < low and not WORDS.get(value, value) > high else "out_of_limits"
        return "out_of_limits" if one["type"] == "enum" and not 0 <= value < len(one["labels"]) else ""


Answer = Callable[[BaseHTTPRequestHandler, str, bytes], None]


def server_of(answer: Answer, port: int = 0) -> ThreadingHTTPServer:
    """Make a server that hands the path and the body of each POST to `answer`."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer(self, self.path.rpartition("/")[2], body)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

        def handle_error(self, *_: Any) -> None:
            pass

    return Server(("127.0.0.1", port), Handler)


def reply(handler: BaseHTTPRequestHandler, status: int, body: bytes, **headers: str) -> None:
    """Send an answer."""
    handler.send_response(status)
    for name, value in {"Content-Type": "application/json", **headers}.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def plant_answer(plant: Plant, authorization: str = "") -> Answer:
    """Give what answers for a plant, to whoever shows the right authorization."""

    def answer(handler: BaseHTTPRequestHandler, operation: str, body: bytes) -> None:
        if authorization and handler.headers.get("Authorization") != authorization:
            reply(handler, 401, b'{"message": "who are you?"}')
            return
        status, message = plant.answer(operation, json.loads(body))
        reply(handler, status, json.dumps(message, ensure_ascii=False).encode())

    return answer


def basic(name: str, password: str) -> str:
    """Give the header of a user with a password."""
    return "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--puts", type=Path)
    parser.add_argument("--certificate")
    parser.add_argument("--authorization", default="")
    arguments = parser.parse_args()
    server = server_of(plant_answer(Plant(puts=arguments.puts), arguments.authorization), arguments.port)
    if arguments.certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(arguments.certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdout.write("READY\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
