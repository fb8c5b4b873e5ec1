"""The notifier `email` against a mail server on this host that speaks SMTP and can be as bad as servers are."""

from __future__ import annotations

import base64
import contextlib
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
import trustme
from attrs import define, evolve, field
from hypothesis import given
from hypothesis import strategies as st

from osprey.api import ConfigError, structure_settings
from osprey.approval.notifiers import NotSentError, mailing
from osprey.approval.notifiers.mail import MailNotifier, MailSecurity, MailSettings
from osprey.approval.notifiers.notice import Notice
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
    title="set HCM03 to 0.5 µA",
    risk="small",
    target="ring",
    simulated=True,
    requester="os:alice",
    state=RequestState.PENDING,
    expires_ns=1_800_000_000_000_000_000,
)


@define
class MailServer:
    """What the server does, and what it was given."""

    tls: ssl.SSLContext | None = None
    is_tls_first: bool = False
    answers: dict[str, str] = field(factory=dict)
    """What it answers to a command instead of yes; `hang`: nothing, `bye`: it hangs up."""
    users: dict[str, str] = field(factory=dict)
    port: int = 0
    mails: list[EmailMessage] = field(factory=list)
    envelopes: list[tuple[str, list[str]]] = field(factory=list)
    commands: list[str] = field(factory=list)
    over: threading.Event = field(factory=threading.Event)


class _Conversation(socketserver.StreamRequestHandler):
    """One client of a `MailServer`."""

    def handle(self) -> None:
        self.mail: MailServer = self.server.mail  # type: ignore[attr-defined]
        self.is_safe = self.mail.is_tls_first
        self.sender, self.recipients = "", list[str]()
        try:
            if self.say("greeting", "220 mail.example.org ESMTP"):
                while line := self.rfile.readline():
                    text = line.decode().strip()
                    self.mail.commands.append(text)
                    if not self.obey(text.partition(" ")[0].upper(), text.partition(" ")[2]):
                        return
        except (OSError, ValueError):
            pass  # the client is gone

    def finish(self) -> None:
        for stream in (self.rfile, self.wfile, self.connection):
            with contextlib.suppress(OSError, ValueError):
                stream.close()

    def say(self, what: str, usual: str) -> bool:
        """Answer; False to hang up."""
        answer = self.mail.answers.get(what, usual)
        if answer == "hang":
            self.mail.over.wait()
        if answer in ("hang", "bye"):
            return False
        self.wfile.write("".join(f"{line}\r\n" for line in answer.split("\n")).encode())
        return not answer.startswith("221")

    def obey(self, command: str, rest: str) -> bool:
        if command == "EHLO":
            offers = ["STARTTLS"] if self.mail.tls is not None and not self.is_safe else []
            offers += ["AUTH PLAIN LOGIN"] if self.mail.users else []
            lines = ["mail.example.org", *offers]
            return self.say(command, "\n".join(f"250{' ' if x == lines[-1] else '-'}{x}" for x in lines))
        if command == "STARTTLS" and self.mail.tls is not None:
            return self.say(command, "220 go on") and self.protect(self.mail.tls)
        if command == "AUTH":
            return self.say(command, self.judge_login(rest))
        if command == "MAIL":
            self.sender, self.recipients = rest[6:-1].partition(">")[0], []
        if command == "RCPT":
            address = rest[4:-1]
            if f"RCPT {address}" in self.mail.answers:
                return self.say(f"RCPT {address}", "")
            self.recipients.append(address)
        if command == "DATA":
            return self.say(command, "354 go on") and self.take()
        return self.say(command, "221 bye" if command == "QUIT" else "250 ok")

    def protect(self, tls: ssl.SSLContext) -> bool:
        self.connection = tls.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", 0)
        self.is_safe = True
        return True

    def judge_login(self, rest: str) -> str:
        mechanism, _, encoded = rest.partition(" ")
        _, user, password = base64.b64decode(encoded).decode().split("\0") if mechanism == "PLAIN" else ("", "", "")
        return "235 welcome" if self.mail.users.get(user) == password else f"535 wrong: AUTH {rest} {password}"

    def take(self) -> bool:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line.removeprefix(b"."))
        self.mail.mails.append(message_from_bytes(b"".join(lines), policy=policy.default))
        self.mail.envelopes.append((self.sender, self.recipients))
        return self.say("mail", "250 queued")


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    mail: MailServer

    def get_request(self) -> tuple[Any, Any]:
        connection, address = super().get_request()
        if self.mail.is_tls_first and self.mail.tls is not None:
            connection = self.mail.tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        return connection, address


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """An authority that this process trusts."""
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


def tls_of(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    return context


Serve = Callable[..., MailServer]


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start mail servers."""
    servers: list[_Server] = []

    def start(**how: Any) -> MailServer:
        servers.append(_Server(("127.0.0.1", 0), _Conversation))
        servers[-1].mail = MailServer(port=servers[-1].server_address[1], **how)
        threading.Thread(target=servers[-1].serve_forever, args=(0.01,), daemon=True).start()
        return servers[-1].mail

    yield start
    for server in servers:
        server.mail.over.set()
        server.shutdown()
        server.server_close()


def settings_for(server: MailServer, **more: Any) -> MailSettings:
    security = MailSecurity.NONE if server.tls is None else MailSecurity.STARTTLS
    values = {"host": "localhost", "security": security, "recipients": ("crew@example.org",), **more}
    return MailSettings(port=server.port, sender="osprey@example.org", **values)


async def test_a_mail_has_the_notice_and_its_subject(serve: Serve) -> None:
    server = serve()
    await MailNotifier(settings_for(server, recipients=("a@example.org", "b@example.org"))).send(NOTICE)
    [mail] = server.mails
    assert server.envelopes == [("osprey@example.org", ["a@example.org", "b@example.org"])]
    assert mail["Subject"] == NOTICE.subject()
    assert mail["From"] == "osprey@example.org"
    assert mail["To"] == "a@example.org, b@example.org"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Date"]
    assert mail["Message-ID"].endswith("@example.org>")
    assert mail.get_content().strip().splitlines() == NOTICE.text().splitlines()


@pytest.mark.parametrize(
    "text",
    [
        "x\r\nBcc: evil@example.org",
        "x\n.\nMAIL FROM:<evil@example.org>",
        "=?utf-8?q?=0D=0ABcc:_evil@example.org?=",
        "x =?utf-8?q?=0D=0A=0D=0Aanother_body?= " + "y" * 100,
        "==??utf-8?b?DQpCY2M6IHg=?=?=",
    ],
)
async def test_no_text_of_others_becomes_a_header_or_a_command(serve: Serve, text: str) -> None:
    server = serve()
    await MailNotifier(settings_for(server)).send(evolve(NOTICE, title=text, requester=text, risk=text))
    [mail] = server.mails
    assert "Bcc" not in mail
    assert server.envelopes == [("osprey@example.org", ["crew@example.org"])]
    assert [command[:4].upper() for command in server.commands].count("MAIL") == 1
    assert mail["Subject"].strip().startswith("[SIMULATION ring]")
    assert mail["Subject"].isprintable()
    assert set(mail) == {
        *("From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"),
        *("Content-Type", "Content-Transfer-Encoding", "MIME-Version"),
    }
    assert len(mail.get_content().splitlines()) == len(NOTICE.text().splitlines())


PIECES = st.sampled_from(
    ["=?", "?=", "?q?", "utf-8", "=0D=0A", "\r\n", "\n", "\x00", "Bcc: ", "\ud800", "µ", "\u2028", " "]
)


@given(text=st.lists(PIECES | st.characters() | st.text(), max_size=20).map("".join))
def test_whatever_stands_in_a_title_a_mail_has_its_headers_and_its_lines(text: str) -> None:
    settings = MailSettings(host="h", sender="a@b.org", recipients=("c@d.org",))
    mail = mailing.mail_of(settings, evolve(NOTICE, title=text, requester=text, approved_by=(text,)))
    read = message_from_bytes(mail.as_bytes(), policy=policy.default)
    assert set(read) == set(mailing.mail_of(settings, NOTICE))
    assert len(read.get_content().splitlines()) == len(NOTICE.text().splitlines())
    assert read["Subject"].isprintable()


async def test_a_password_goes_over_tls(serve: Serve, authority: trustme.CA) -> None:
    server = serve(tls=tls_of(authority), users={"osprey": "hunter2"})
    await MailNotifier(settings_for(server, user="osprey", password="hunter2")).send(NOTICE)
    assert len(server.mails) == 1
    words = [command.split()[0].upper() for command in server.commands]
    assert words.index("STARTTLS") < words.index("AUTH")


async def test_tls_from_the_first_byte(serve: Serve, authority: trustme.CA) -> None:
    server = serve(tls=tls_of(authority), is_tls_first=True)
    await MailNotifier(settings_for(server, security=MailSecurity.TLS)).send(NOTICE)
    assert len(server.mails) == 1
    assert "STARTTLS" not in server.commands


async def test_a_server_that_offers_no_tls_gets_no_mail(serve: Serve) -> None:
    server = serve(users={"osprey": "hunter2"})
    settings = settings_for(server, security=MailSecurity.STARTTLS, user="osprey", password="hunter2")
    with pytest.raises(NotSentError, match="STARTTLS extension not supported"):
        await MailNotifier(settings).send(NOTICE)
    assert not server.mails
    assert not any(command.upper().startswith("AUTH") for command in server.commands)


@pytest.mark.parametrize("is_tls_first", [True, False])
async def test_a_certificate_of_somebody_else_is_refused(serve: Serve, is_tls_first: bool) -> None:
    server = serve(tls=tls_of(trustme.CA()), is_tls_first=is_tls_first)
    security = MailSecurity.TLS if is_tls_first else MailSecurity.STARTTLS
    with pytest.raises(NotSentError, match="certificate verify failed"):
        await MailNotifier(settings_for(server, security=security)).send(NOTICE)
    assert not server.mails


async def test_a_refused_login_names_the_user_and_repeats_no_password(serve: Serve, authority: trustme.CA) -> None:
    """The server of this test sends the login back, as some do."""
    server = serve(tls=tls_of(authority), users={"osprey": "right"})
    with pytest.raises(NotSentError) as failed:
        await MailNotifier(settings_for(server, user="osprey", password="hunter2")).send(NOTICE)
    assert "refuses the login of osprey (535)" in str(failed.value)
    assert "hunter2" not in str(failed.value)
    assert base64.b64encode(b"\0osprey\0hunter2").decode() not in str(failed.value)


async def test_a_recipient_that_is_refused_is_named_and_the_others_have_their_mail(serve: Serve) -> None:
    server = serve(answers={"RCPT gone@example.org": "550 no such user"})
    with pytest.raises(NotSentError, match=r"refuses gone@example\.org: 550 no such user"):
        await MailNotifier(settings_for(server, recipients=("gone@example.org", "b@example.org"))).send(NOTICE)
    assert server.envelopes == [("osprey@example.org", ["b@example.org"])]


@pytest.mark.parametrize(
    ("answers", "told"),
    [
        ({"greeting": "554 no service"}, "answered 554 no service"),
        ({"greeting": "bye"}, "cannot be told: Connection unexpectedly closed"),
        ({"MAIL": "451 try later"}, "answered 451 try later"),
        ({"RCPT crew@example.org": "550 relaying denied"}, "refuses crew@example.org: 550 relaying denied"),
        ({"DATA": "452 no room"}, "answered 452 no room"),
        ({"mail": "554 spam"}, "answered 554 spam"),
        ({"mail": "bye"}, "cannot be told: Connection unexpectedly closed"),
    ],
)
async def test_whatever_the_server_refuses_is_told(serve: Serve, answers: dict[str, str], told: str) -> None:
    with pytest.raises(NotSentError) as failed:
        await MailNotifier(settings_for(serve(answers=answers))).send(NOTICE)
    assert told in str(failed.value)
    assert str(failed.value).startswith("localhost:")


@pytest.mark.parametrize("where", ["greeting", "EHLO", "MAIL", "DATA", "mail"])
async def test_a_server_that_hangs_is_given_up(serve: Serve, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    monkeypatch.setattr(mailing, "STEP_S", 0.1)
    server = serve(answers={where: "hang"})
    with pytest.raises(
        NotSentError, match=r"cannot be told: .*timed out|cannot be told: Connection unexpectedly closed"
    ):
        await MailNotifier(settings_for(server)).send(NOTICE)


async def test_a_server_that_hangs_at_the_goodbye_has_taken_the_mail(serve: Serve) -> None:
    server = serve(answers={"QUIT": "hang"})
    await MailNotifier(settings_for(server)).send(NOTICE)
    assert len(server.mails) == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"host": "mail example"}, "host: expected the name of a host"),
        ({"host": ""}, "host: expected the name of a host"),
        ({"port": 0}, "port: expected a port from 1 to 65535"),
        ({"security": "ssl"}, "security: expected one of starttls, tls, none"),
        ({"sender": "Osprey <osprey@example.org>"}, "sender: expected an address such as crew@facility.org"),
        ({"sender": "osprey@example.org\nBcc: x@y"}, "sender: expected an address"),
        ({"recipients": []}, "recipients: expected an address"),
        ({"recipients": ["a@example.org", "b@example.org, c@example.org"]}, "recipients: expected an address"),
        ({"user": "osprey"}, "user and password belong together"),
        ({"password": "hunter2"}, "user and password belong together"),
        ({"user": "osprey", "password": "hunter2ü"}, "password: expected printable ASCII characters"),
        ({"user": "osprey", "password": ""}, "password: expected a text that is not empty"),
        ({"user": "osprey", "password": "hunter2", "security": "none"}, "anybody on the way could read the password"),
    ],
)
def test_a_wrong_setting_is_named_and_no_password_repeated(wrong: dict[str, Any], said: str) -> None:
    right = {"host": "mail.example.org", "sender": "osprey@example.org", "recipients": ["crew@example.org"]}
    with pytest.raises(ConfigError) as caught:
        structure_settings(MailSettings, {**right, **wrong}, "approval.notify.crew.settings")
    assert said in str(caught.value)
    assert "hunter2" not in str(caught.value)


def test_the_password_is_not_in_the_settings_as_text() -> None:
    settings = MailSettings(host="h", sender="a@b", recipients=("a@b",), user="osprey", password="hunter2")
    assert "hunter2" not in repr(settings)
