"""The HTTP side: one request, its answer in full or the one word for what went wrong."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx

from osprey.api import ConfigError, ErrorKind, Fault
from osprey_epics.archiver_appliance.settings import ApplianceSettings

_CONNECT_S = 5.0
"""A server that is there takes a connection at once."""
_SHOWN = 80


class AnswerError(Exception):
    """A request that has no usable answer."""

    def __init__(self, kind: ErrorKind, message: str, *, raw: str = "", retryable: bool = False) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.raw = raw
        self.retryable = retryable

    def fault(self, channel: str) -> Fault:
        """Say it of one channel."""
        return Fault(
            channel=channel,
            kind=self.kind,
            message=f"{channel}: {self.message}",
            raw=self.raw,
            retryable=self.retryable,
        )


class Server:
    """The retrieval and the management side of one Appliance."""

    def __init__(self, settings: ApplianceSettings) -> None:
        self._settings = settings
        limits = httpx.Limits(max_connections=settings.concurrency, max_keepalive_connections=settings.concurrency)
        self._client = httpx.AsyncClient(
            headers=dict(settings.secret_headers),
            limits=limits,
            timeout=httpx.Timeout(settings.timeout_s, connect=min(_CONNECT_S, settings.timeout_s)),
            verify=_trust(settings),
            follow_redirects=False,
            trust_env=False,
        )

    @property
    def is_closed(self) -> bool:
        return self._client.is_closed

    async def aclose(self) -> None:
        await self._client.aclose()

    async def retrieve(self, path: str, query: Mapping[str, Any]) -> bytes:
        """Ask the retrieval side."""
        return await self._get(f"{self._settings.retrieval}/{path}", query)

    async def manage(self, path: str, query: Mapping[str, Any]) -> bytes:
        """Ask the management side."""
        return await self._get(f"{self._settings.management}/{path}", query)

    async def _get(self, url: str, query: Mapping[str, Any]) -> bytes:
        """Give the whole body of a good answer.

        :raises AnswerError: there is none; the message names the server.
        """
        place = urlsplit(url).netloc
        if self._client.is_closed:
            raise AnswerError(ErrorKind.UNREACHABLE, "the archiver is closed")
        try:
            with anyio.fail_after(self._settings.timeout_s):
                return await self._body(await self._send(url, query), place)
        except (TimeoutError, httpx.ReadTimeout, httpx.WriteTimeout, httpx.PoolTimeout) as exc:
            message = f"the archiver at {place} gave no answer within {self._settings.timeout_s:g} s"
            raise AnswerError(ErrorKind.TIMEOUT, message, retryable=True) from exc
        except (httpx.ConnectError, httpx.ConnectTimeout) as exc:
            message = f"the archiver at {place} cannot be reached: {_reason(exc)}"
            raise AnswerError(ErrorKind.UNREACHABLE, message, raw=type(exc).__name__, retryable=True) from exc
        except httpx.DecodingError as exc:
            message = f"the archiver at {place} sent what cannot be unpacked"
            raise AnswerError(ErrorKind.INVALID_DATA, message, raw=str(exc)) from exc
        except httpx.HTTPError as exc:
            message = f"the archiver at {place} broke off in the middle of its answer"
            raise AnswerError(
                ErrorKind.UNREACHABLE, message, raw=f"{type(exc).__name__} {exc}", retryable=True
            ) from exc

    async def _send(self, url: str, query: Mapping[str, Any]) -> httpx.Response:
        """Ask, and once more if a connection that was kept turns out to be closed: a question changes nothing."""
        request = self._client.build_request("GET", url, params=dict(query))
        try:
            return await self._client.send(request, stream=True)
        except (httpx.RemoteProtocolError, httpx.ReadError, httpx.WriteError):
            return await self._client.send(request, stream=True)

    async def _body(self, response: httpx.Response, place: str) -> bytes:
        try:
            _check(response, place)
            return await self._read(response, place)
        finally:
            await response.aclose()

    async def _read(self, response: httpx.Response, place: str) -> bytes:
        parts: list[bytes] = []
        most, size = self._settings.max_bytes, 0
        with anyio.CancelScope() as scope:
            async for part in response.aiter_bytes():
                size += len(part)
                if size <= most:
                    parts.append(part)
                else:
                    # To leave the loop would leave httpx's own generators open; cancelled, they end from within.
                    scope.cancel()
        if size <= most:
            return b"".join(parts)
        message = (
            f"the archiver at {place} sends more than {most} bytes; ask for fewer points or a shorter span, or raise "
            "max_bytes of the archiver's settings"
        )
        raise AnswerError(ErrorKind.INVALID_DATA, message)


def _reason(exc: BaseException) -> str:
    """Give the first words that there are: what the event loop raises may leave them to its cause."""
    current: BaseException | None = exc
    while current is not None:
        if str(current):
            return str(current)
        current = current.__cause__ or current.__context__
    return "no connection in time"


def _trust(settings: ApplianceSettings) -> ssl.SSLContext | bool:
    if not settings.verify:
        return False
    try:
        # The operating system's certificates: a facility's own authority is installed there.
        return ssl.create_default_context(cafile=settings.ca_file)
    except (OSError, ssl.SSLError) as exc:
        msg = f"ca_file {settings.ca_file}: no certificates can be read from it ({exc})"
        raise ConfigError(msg) from exc


def _check(response: httpx.Response, place: str) -> None:
    status, raw = response.status_code, f"HTTP {response.status_code} {response.reason_phrase}"
    if response.is_redirect:
        where = response.headers.get("location", "nowhere")[:_SHOWN]
        message = (
            f"the archiver at {place} sends us on to {where}: if that is a page to log in, give a header in "
            "secret_headers; else correct url"
        )
        raise AnswerError(ErrorKind.PERMISSION, message, raw=raw)
    if status in (401, 403):
        message = f"the archiver at {place} wants another identity: give a header in secret_headers"
        raise AnswerError(ErrorKind.PERMISSION, message, raw=raw)
    if status == 404:
        raise AnswerError(ErrorKind.NOT_FOUND, f"the archiver at {place} does not know it", raw=raw)
    if status in (502, 503, 504):
        message = f"the archiver at {place} does not serve now ({status}): it is starting, or overloaded"
        raise AnswerError(ErrorKind.UNREACHABLE, message, raw=raw, retryable=True)
    if status != 200:
        raise AnswerError(
            ErrorKind.REJECTED, f"the archiver at {place} answers {raw}", raw=raw, retryable=status >= 500
        )
    if response.headers.get("content-type", "").partition(";")[0].strip().lower() == "text/html":
        message = f"{place} answers with a page for people and no data: correct url, or give a header in secret_headers"
        raise AnswerError(ErrorKind.INVALID_DATA, message, raw="text/html")
