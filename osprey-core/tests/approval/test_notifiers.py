"""The notifiers that come along, each against a peer on this host: desktop, webhook and chat."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import socket
import ssl
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from textwrap import dedent
from typing import Any

import anyio
import anyio.to_thread
import pytest
import trustme
from attrs import evolve, field, frozen

from osprey.api import ConfigError, structure_settings
from osprey.approval.notifiers import NotSentError, posting
from osprey.approval.notifiers.chat import ChatNotifier, ChatSettings
from osprey.approval.notifiers.desktop import DesktopNotifier, DesktopSettings, Urgency
from osprey.approval.notifiers.notice import Notice
from osprey.approval.notifiers.own_threads import OwnThreads
from osprey.approval.notifiers.webhook import WebhookNotifier, WebhookSettings
from osprey.config import NoticeEvent
from osprey.journal import RequestState

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return request.param


NOTICE = Notice(
    event=NoticeEvent.FILED,
    request_id="req-80c500fa525e",
    kind="channel_write",
    title="set HCM03 to 0.5 A",
    risk="small",
    target="ring",
    simulated=False,
    requester="os:alice",
    state=RequestState.PENDING,
    expires_ns=1_800_000_000_000_000_000,
    link="https://osprey.example.org/inbox/req-80c500fa525e",
)
HOSTILE = evolve(
    NOTICE,
    title="<!channel> @here [ok](https://evil) ```\n\x1b[2J<script>",
    requester="<@U123>",
    risk='"}, {"a": "',
)


# A web server


@frozen
class Web:
    """A server in a thread, and what it was sent."""

    url: str
    got: list[tuple[str, dict[str, str], bytes]] = field(factory=list)


@pytest.fixture
def serve() -> Iterator[Callable[..., Web]]:
    """Start a server that answers every POST with `status`, `headers` and `body`."""
    servers: list[ThreadingHTTPServer] = []

    def start(
        status: int = 200,
        body: bytes = b"ok",
        tls: ssl.SSLContext | None = None,
        reason: str | None = None,
        **headers: str,
    ) -> Web:
        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                sent = self.rfile.read(int(self.headers["Content-Length"]))
                web.got.append((self.path, {name.lower(): value for name, value in self.headers.items()}, sent))
                self.send_response(status, reason)
                for name, value in {"Content-Length": str(len(body)), **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        servers.append(ThreadingHTTPServer(("127.0.0.1", 0), Answer))
        if tls is not None:
            servers[-1].socket = tls.wrap_socket(servers[-1].socket, server_side=True)
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        web = Web(f"{'http' if tls is None else 'https'}://127.0.0.1:{servers[-1].server_port}/hook?key=a%20b")
        return web

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never says anything."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"


async def test_a_webhook_is_sent_the_notice_as_json(serve: Callable[..., Web]) -> None:
    web = serve()
    await WebhookNotifier(WebhookSettings(url=web.url)).send(HOSTILE)
    [(path, headers, body)] = web.got
    assert path == "/hook?key=a%20b"
    assert headers["content-type"] == "application/json"
    assert "authorization" not in headers
    assert "x-osprey-signature" not in headers
    assert json.loads(body) == HOSTILE.as_json()
    assert json.loads(body)["request"] == "req-80c500fa525e"


async def test_a_receiver_can_check_who_sent_a_webhook(serve: Callable[..., Web]) -> None:
    web = serve(status=204, body=b"")
    await WebhookNotifier(WebhookSettings(url=web.url, token="t0ken", secret="schlüssel")).send(NOTICE)
    [(_, headers, body)] = web.got
    assert headers["authorization"] == "Bearer t0ken"
    signature = hmac.new("schlüssel".encode(), body, hashlib.sha256).hexdigest()
    assert headers["x-osprey-signature"] == f"sha256={signature}"


@pytest.mark.parametrize(
    ("status", "told"), [(500, "answered 500 Internal Server Error"), (403, "answered 403 Forbidden")]
)
async def test_an_answer_that_is_no_yes_is_an_error(serve: Callable[..., Web], status: int, told: str) -> None:
    web = serve(status=status, body=b"key=a%20b t0ken")
    with pytest.raises(NotSentError) as failed:
        await WebhookNotifier(WebhookSettings(url=web.url, token="t0ken")).send(NOTICE)
    assert told in str(failed.value)
    assert "127.0.0.1:" in str(failed.value)
    assert not {"t0ken", "key=a"} & set(str(failed.value).split())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed(serve: Callable[..., Web], status: int) -> None:
    elsewhere = serve()
    web = serve(status=status, Location=elsewhere.url)
    with pytest.raises(NotSentError, match="give the address that it leads to"):
        await WebhookNotifier(WebhookSettings(url=web.url, token="t0ken")).send(NOTICE)
    assert elsewhere.got == []


async def test_a_server_that_is_not_there_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(NotSentError, match=rf"127\.0\.0\.1:{port} cannot be told: .*refused"):
        await WebhookNotifier(WebhookSettings(url=f"http://127.0.0.1:{port}/")).send(NOTICE)


async def test_a_server_that_hangs_is_given_up(silent: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(posting, "STEP_S", 0.1)
    with pytest.raises(NotSentError, match="cannot be told: timed out"):
        await WebhookNotifier(WebhookSettings(url=silent)).send(NOTICE)


async def test_what_is_not_http_is_an_error() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def talk() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b"220 mail.example.org ESMTP\r\n")

        threading.Thread(target=talk, daemon=True).start()
        with pytest.raises(NotSentError, match="cannot be told: 220 mail"):
            await WebhookNotifier(WebhookSettings(url=f"http://127.0.0.1:{listening.getsockname()[1]}/")).send(NOTICE)


async def test_no_proxy_is_asked_for_what_is_on_this_host(
    serve: Callable[..., Web], monkeypatch: pytest.MonkeyPatch
) -> None:
    web, proxy = serve(), serve()
    monkeypatch.setenv("http_proxy", proxy.url)
    await WebhookNotifier(WebhookSettings(url=web.url)).send(NOTICE)
    assert (len(web.got), len(proxy.got)) == (1, 0)
    await WebhookNotifier(WebhookSettings(url="http://chat.example.org/x", allow_plain_http=True)).send(NOTICE)
    assert [path for path, _, _ in proxy.got] == ["http://chat.example.org/x"]


async def test_the_certificate_of_a_server_is_checked(
    serve: Callable[..., Web], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    web = serve(tls=context)
    with pytest.raises(NotSentError, match="certificate verify failed"):
        await WebhookNotifier(WebhookSettings(url=web.url)).send(NOTICE)
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    await WebhookNotifier(WebhookSettings(url=web.url)).send(NOTICE)
    assert len(web.got) == 1


# A chat


async def test_a_chat_is_sent_text_that_nothing_in_it_can_turn_into_more(serve: Callable[..., Web]) -> None:
    web = serve()
    await ChatNotifier(ChatSettings(secret_url=web.url)).send(HOSTILE)
    [(_, _, body)] = web.got
    text = json.loads(body)["text"]
    assert text.startswith("```\n")
    assert text.endswith("\n```")
    inside = text.removeprefix("```\n").removesuffix("\n```")
    assert "`" not in inside, "nothing ends the block of plain text"
    assert not {"<", ">"} & set(inside)
    assert "&lt;!channel&gt; @\u200bhere" in inside
    assert "\\u001b[2J" in inside
    assert "REAL MACHINE ring" in inside
    assert "https://osprey.example.org/inbox/req-80c500fa525e" in inside


async def test_the_address_of_a_chat_is_not_in_its_errors(serve: Callable[..., Web]) -> None:
    web = serve(status=404)
    notifier = ChatNotifier(ChatSettings(secret_url=web.url))
    with pytest.raises(NotSentError) as failed:
        await notifier.send(NOTICE)
    assert "hook" not in str(failed.value)
    assert "hook" not in repr(notifier._settings)


# Settings


@pytest.mark.parametrize(
    ("cls", "section", "said"),
    [
        (WebhookSettings, {}, "url: is required, and missing"),
        (WebhookSettings, {"url": "ftp://h/x"}, "url: expected an address such as https://host/path"),
        (WebhookSettings, {"url": "https:///x"}, "url: expected an address"),
        (WebhookSettings, {"url": "https://h:x/"}, "url: expected an address"),
        (WebhookSettings, {"url": "https://bob:hunter2@h/"}, "without a name and password in it"),
        (WebhookSettings, {"url": "https://h/a\r\nX: y"}, "url: expected an address"),
        (WebhookSettings, {"url": "http://h/x"}, "url is plain http to another host"),
        (WebhookSettings, {"url": "http://localhost.evil.org/x"}, "url is plain http to another host"),
        (WebhookSettings, {"url": "https://h/x", "token": "hunter2\r\nX: y"}, "token: expected visible ASCII"),
        (WebhookSettings, {"url": "https://h/x", "token": ""}, "token: expected visible ASCII"),
        (WebhookSettings, {"url": "https://h/x", "secret": ""}, "secret: expected a text that is not empty"),
        (ChatSettings, {"secret_url": "hunter2"}, "secret_url: expected an address such as https://host/path"),
        (ChatSettings, {"secret_url": "http://h/hunter2"}, "secret_url is plain http to another host"),
        (DesktopSettings, {"urgency": "hihg"}, "urgency: expected one of low, normal, critical"),
        (DesktopSettings, {"sound": True}, "unknown key 'sound'"),
    ],
)
def test_a_wrong_setting_is_named_and_no_secret_repeated(cls: type, section: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        structure_settings(cls, section, "approval.notify.crew.settings")
    assert said in str(caught.value)
    assert "approval.notify.crew.settings" in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("url", ["https://h/x", "http://127.0.0.1:8080/", "http://localhost/", "http://[::1]:80/x"])
def test_https_and_this_host_need_no_permission(url: str) -> None:
    assert WebhookSettings(url=url).url == url


def test_plain_http_elsewhere_needs_a_word_for_it() -> None:
    assert WebhookSettings(url="http://h/", allow_plain_http=True).allow_plain_http
    assert "hunter2" not in repr(WebhookSettings(url="https://h/", token="hunter2", secret="hunter2"))


# The desktop


@pytest.fixture
def desktop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Put a `notify-send` that does this into the path; it leaves its arguments in a file."""
    shown = tmp_path / "shown.json"

    def install(does: str = "") -> Path:
        program = tmp_path / "bin/notify-send"
        program.parent.mkdir()
        script = f"""\
        #!{sys.executable}
        import json, os, pathlib, sys, time
        pathlib.Path({str(shown)!r}).write_text(json.dumps([*sys.argv[1:], os.getpid()]))
        """
        program.write_text(dedent(script) + does)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", str(program.parent))
        return shown

    return install


async def test_a_desktop_shows_the_notice_and_no_markup_of_others(desktop: Callable[..., Path]) -> None:
    shown = desktop()
    await DesktopNotifier(DesktopSettings(urgency=Urgency.CRITICAL)).send(HOSTILE)
    *options, summary, body, _ = json.loads(shown.read_text())
    assert options == ["--app-name=Osprey", "--urgency=critical", "--"]
    assert summary == HOSTILE.subject()
    assert "&lt;script&gt;" in body
    assert "<" not in body


async def test_a_desktop_that_cannot_be_reached_is_an_error(desktop: Callable[..., Path]) -> None:
    desktop("sys.stderr.write('Cannot autolaunch D-Bus without X11 $DISPLAY\\n'); sys.exit(1)")
    with pytest.raises(NotSentError, match="notify-send ended with 1: Cannot autolaunch D-Bus"):
        await DesktopNotifier(DesktopSettings()).send(NOTICE)


async def test_a_host_without_notify_send_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(NotSentError, match="install libnotify"):
        await DesktopNotifier(DesktopSettings()).send(NOTICE)


async def test_a_desktop_that_hangs_leaves_no_process_behind(desktop: Callable[..., Path]) -> None:
    shown = desktop("time.sleep(1000)")
    async with anyio.create_task_group() as group:
        group.start_soon(DesktopNotifier(DesktopSettings()).send, NOTICE)
        while not shown.exists() or not shown.read_text():
            await anyio.sleep(0.01)
        group.cancel_scope.cancel()
    with pytest.raises(ProcessLookupError):
        os.kill(json.loads(shown.read_text())[-1], 0)


# Threads of their own


async def test_only_a_few_notices_may_hang() -> None:
    threads, freed, begun = OwnThreads(), threading.Event(), threading.Semaphore(0)

    def hang() -> None:
        begun.release()
        freed.wait()

    async def give_up() -> None:
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as group:
                group.start_soon(threads.run, hang)
                await anyio.to_thread.run_sync(begun.acquire)
                scope.cancel()

    for _ in range(4):
        await give_up()
    with pytest.raises(NotSentError, match="4 earlier notices hang in it"):
        await threads.run(lambda: None)
    hanging = list(threads._left)
    freed.set()
    for thread in hanging:
        thread.join()
    await threads.run(lambda: None)


def test_a_server_that_never_ends_does_not_keep_the_process(silent: str) -> None:
    """A server that sends a byte now and then is never late, so its thread would live for ever."""
    code = f"""\
    import anyio, socket, time
    from osprey.approval.notifiers.own_threads import OwnThreads
    async def main():
        connection = socket.create_connection(("127.0.0.1", {silent.rpartition(":")[2].strip("/")}))
        with anyio.move_on_after(0.1):
            await OwnThreads().run(lambda: connection.recv(1))
        print("given up")
    anyio.run(main)
    """
    done = subprocess.run([sys.executable, "-c", dedent(code)], capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "given up\n", "")
