"""One request to the web service, from its first byte until its answer or its deadline."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final, Self

import anyio
import httpx
from attrs import frozen

from osprey.api import ConnectorError, ErrorKind
from osprey_labview.secrets import read_secret
from osprey_labview.settings import LabviewSettings, WebSettings
from osprey_labview.web.forms import FormError, parse_json

NOTHING_DONE: Final = frozenset({400, 401, 403, 404, 405, 411, 413, 414, 415, 422, 429, 431})
"""After these the contract promises that nothing was written."""
_KINDS: Final = {
    401: ErrorKind.PERMISSION,
    403: ErrorKind.PERMISSION,
    404: ErrorKind.UNSUPPORTED,
    405: ErrorKind.UNSUPPORTED,
    501: ErrorKind.UNSUPPORTED,
    408: ErrorKind.TIMEOUT,
    504: ErrorKind.TIMEOUT,
    502: ErrorKind.UNREACHABLE,
    503: ErrorKind.UNREACHABLE,
}
_OK: Final = 200
_LONGEST_REASON: Final = 300


class WebError(Exception):
    """A request without a good answer; says why, and whether it may have arrived."""

    def __init__(self, kind: ErrorKind, message: str, raw: str = "", *, was_sent: bool = True) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.raw = raw
        self.was_sent = was_sent
        self.status: int | None = None


class BrokenAnswerError(ConnectorError):
    """An answer that is not one of the contract; the request has arrived."""


@frozen
class _Body:
    status: int
    content: bytes


class _OneChunk(httpx.AsyncByteStream):
    """A request's body without the async generator of httpx's own, which trio complains of if it is not finished."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def __aiter__(self) -> AsyncIterator[bytes]:
        return _Once(self._content)


class _Once:
    def __init__(self, content: bytes) -> None:
        self._left = [content]

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> bytes:
        if not self._left:
            raise StopAsyncIteration
        return self._left.pop()


class WebClient:
    """Speaks to one web service, through connections that are kept."""

    def __init__(self, settings: LabviewSettings, client: httpx.AsyncClient) -> None:
        self._settings = settings
        self._client = client
        self._is_closed = False
        self._most = (settings.http or WebSettings()).max_answer_bytes

    @classmethod
    def open(cls, settings: LabviewSettings) -> Self:
        """Read the files of the settings.

        :raises ConnectorError: a file cannot be used.
        """
        own = settings.http or WebSettings()
        headers = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "osprey-labview"}
        user = settings.user
        auth: httpx.Auth | None = None
        token = read_secret(own.token, own.token_file, "http.token_file")
        if token is not None:
            headers["Authorization"] = f"Bearer {_ascii(token)}"
        elif user is not None:
            password = read_secret(user.password, user.password_file, "user.password_file")
            auth = httpx.BasicAuth(user.name or "", password or "")
        _require_protected(settings, has_secret=token is not None or auth is not None)
        client = httpx.AsyncClient(
            headers=headers,
            auth=auth,
            verify=_tls(own),
            timeout=httpx.Timeout(None, connect=settings.connect_timeout_s, pool=settings.connect_timeout_s),
            # Proxies and passwords that the environment holds are not of this machine.
            trust_env=False,
            follow_redirects=False,
        )
        return cls(settings, client)

    async def aclose(self) -> None:
        """Close the connections. May be called twice."""
        self._is_closed = True
        with anyio.CancelScope(shield=True):
            await self._client.aclose()

    async def ask(self, operation: str, message: Mapping[str, Any], deadline: float) -> Any:
        """Send a request once, and give its answer.

        :raises WebError: there is no answer, or the service refused the request.
        :raises BrokenAnswerError: the answer is not one of the contract.
        """
        if self._is_closed:
            msg = "the connector is closed; open it again"
            raise ConnectorError(msg)
        body = json.dumps(message, allow_nan=False, ensure_ascii=False, separators=(",", ":")).encode()
        progress: set[str] = set()
        if deadline > anyio.current_time():
            with anyio.CancelScope(deadline=deadline):
                answer = await self._exchange(operation, body, progress)
                return self._judged(answer)
        was_sent = "sent" in progress
        if was_sent or "connecting" not in progress:
            raise WebError(ErrorKind.TIMEOUT, "no answer before the deadline", was_sent=was_sent)
        raise WebError(ErrorKind.UNREACHABLE, f"{self._settings.url} cannot be reached in time", was_sent=False)

    async def _exchange(self, operation: str, body: bytes, progress: set[str]) -> _Body:
        async def trace(name: str, _info: Mapping[str, Any]) -> None:
            if name.endswith("send_request_headers.started"):
                progress.add("sent")
            elif name.startswith("connection.connect") and name.endswith("started"):
                progress.add("connecting")

        request = self._client.build_request(
            "POST",
            f"{self._settings.url.rstrip('/')}/{operation}",
            content=body,
            headers={"Content-Type": "application/json"},
            extensions={"trace": trace},
        )
        request.stream = _OneChunk(body)
        try:
            response = await self._client.send(request, stream=True)
            try:
                return _Body(response.status_code, await self._content(response))
            finally:
                with anyio.CancelScope(shield=True):
                    await response.aclose()
        except httpx.TransportError as exc:
            reason = _cause(exc)
            words = f"{self._settings.url} cannot be reached: {reason}"
            raise WebError(ErrorKind.UNREACHABLE, words, type(exc).__name__, was_sent="sent" in progress) from exc

    async def _content(self, response: httpx.Response) -> bytes:
        """Take the answer, but no more of it than was agreed."""
        if response.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            msg = "the web service compresses its answers, against the contract"
            raise BrokenAnswerError(msg)
        content = bytearray()
        with anyio.CancelScope() as scope:
            async for part in response.aiter_raw():
                content += part
                if len(content) > self._most:
                    # Leaving the loop would leave httpx's generators unfinished; a cancellation ends them all.
                    scope.cancel()
        if len(content) > self._most:
            msg = f"the web service's answer is larger than {self._most} bytes (http.max_answer_bytes)"
            raise BrokenAnswerError(msg)
        return bytes(content)

    def _judged(self, body: _Body) -> Any:
        if body.status == _OK:
            try:
                return parse_json(body.content)
            except FormError as exc:
                raise BrokenAnswerError(str(exc)) from exc
        kind = _KINDS.get(body.status, ErrorKind.REJECTED)
        error = WebError(kind, f"the web service answered {body.status}{_reason(body.content)}", f"HTTP {body.status}")
        error.status = body.status
        raise error


def _cause(exc: BaseException) -> str:
    """Give the first words on the way down to what really went wrong; the outer exceptions often have none."""
    inner: BaseException | None = exc
    while inner is not None:
        if str(inner):
            return str(inner)
        inner = inner.__cause__ or inner.__context__
    return type(exc).__name__


def _reason(content: bytes) -> str:
    """Give the message of a refusal, if it is one of the contract and short."""
    try:
        message = parse_json(content)["message"]
    except (FormError, KeyError, TypeError, IndexError):
        return ""
    return f": {message[:_LONGEST_REASON]}" if isinstance(message, str) else ""


def _tls(own: WebSettings) -> ssl.SSLContext:
    if own.ca_file is not None:
        try:
            return ssl.create_default_context(cafile=str(own.ca_file))
        except OSError as exc:
            msg = f"http.ca_file: {own.ca_file} cannot be used ({exc.strerror or exc})"
            raise ConnectorError(msg) from exc
    context = ssl.create_default_context()
    if not own.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _require_protected(settings: LabviewSettings, *, has_secret: bool) -> None:
    is_protected = httpx.URL(settings.url).scheme == "https" or _is_loopback(settings.url)
    if has_secret and not is_protected and not settings.allow_plain_secrets:
        msg = (
            f"{settings.url} has no TLS, so that the password or token would be readable on its way: use https, "
            "or allow_plain_secrets where the network is trusted"
        )
        raise ConnectorError(msg)


def _is_loopback(url: str) -> bool:
    return httpx.URL(url).host in ("127.0.0.1", "::1", "localhost")


def _ascii(token: str) -> str:
    if not token.isascii() or not token.isprintable():
        msg = "http.token: a token has printable ASCII characters only"
        raise ConnectorError(msg)
    return token
