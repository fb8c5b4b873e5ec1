"""How an endpoint of chat models is spoken to over HTTP: what goes with a question, and what is said of a failure."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, MutableMapping
from contextlib import suppress
from http import HTTPStatus
from typing import Final, Protocol, Self
from urllib.parse import urlsplit

from attrs import field, frozen

from osprey.errors import ModelError, ModelErrorKind
from osprey.models.chat.protocol import ModelAddress
from osprey.models.chat.statuses import Complaint, kind_of_complaint, kind_of_status, read_complaint, read_retry_after

_LONGEST_MESSAGE: Final = 700
_LONGEST_SAID: Final = 300
_LONGEST_COMPLAINT_BYTES: Final = 2**16
_SHORTEST_SECRET: Final = 6
"""A key that is shorter ("none", "EMPTY") is none, and would be found in every other word."""
_UNSEEN: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\s]+")
_SENDABLE: Final = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?|")
_UNSENDABLE: Final = "a line break, an outer blank or a sign beyond ASCII"
_REMEDIES: Final = {
    ModelErrorKind.UNREACHABLE: "check api.providers.{provider}.base_url, the network and the proxy",
    ModelErrorKind.TIMEOUT: "give it more time, or ask a faster model",
    ModelErrorKind.RATE_LIMITED: "wait, or ask it less often",
    ModelErrorKind.OVERLOADED: "ask again later, or name a model to fall back on",
    ModelErrorKind.SERVER: "ask again later; if it stays, tell those who run the endpoint",
    ModelErrorKind.DENIED: "check api.providers.{provider}.api_key, and whether it may use this model",
    ModelErrorKind.INVALID: "check the model's name, api.providers.{provider}.base_url, and how long the question is",
    ModelErrorKind.MALFORMED: "check that api.providers.{provider}.base_url speaks this dialect",
    ModelErrorKind.EXHAUSTED: "see to the account of api.providers.{provider}, or ask another provider",
}


class _Url(Protocol):
    @property
    def netloc(self) -> bytes: ...


class WireRequest(Protocol):
    """A request as the clients of httpx's kind have it."""

    @property
    def url(self) -> _Url: ...
    @property
    def content(self) -> bytes: ...
    @property
    def headers(self) -> MutableMapping[str, str]: ...


class WireResponse(Protocol):
    """A response as the clients of httpx's kind have it, its body not read yet."""

    @property
    def status_code(self) -> int: ...
    @property
    def headers(self) -> Mapping[str, str]: ...
    @property
    def request(self) -> WireRequest: ...
    def aiter_bytes(self) -> AsyncIterator[bytes]:
        """Give the body in pieces."""
        ...


@frozen(kw_only=True)
class ModelWire:
    """One model of one endpoint, as HTTP has it. The address alone decides what is sent: `prepare` removes what a
    library, or the environment through it, adds to a request.
    """

    provider: str
    model_id: str
    base_url: str
    headers: Mapping[str, str] = field(repr=False)
    """All headers of a question but those of its body."""
    _secrets: tuple[str, ...] = field(repr=False, alias="secrets")

    @classmethod
    def to(cls, address: ModelAddress, *, base_url: str, headers: Mapping[str, str]) -> Self:
        """Build it from an address.

        :param base_url: where the endpoint answers; the address's own, or the one that the driver knows.
        :param headers: of the dialect, with the key; the address's own go over them.
        :raises ModelError: no request could be made of it.
        """
        own = {name.lower(): value for name, value in headers.items()}
        own |= {name.lower(): value for name, value in address.headers.items()}
        told = address.headers.values()
        # Of "Bearer abc" an endpoint repeats the last word alone.
        hidden = {address.api_key, *told, *(value.split()[-1] for value in told if value.strip())}
        wire = cls(
            provider=address.provider,
            model_id=address.model_id,
            base_url=base_url.rstrip("/"),
            headers={"user-agent": "osprey", "accept-encoding": "identity", **own},
            secrets=tuple(sorted((v for v in hidden if len(v) >= _SHORTEST_SECRET), key=len, reverse=True)),
        )
        if not _SENDABLE.fullmatch(address.api_key):
            raise wire.fault(ModelErrorKind.DENIED, f"the key cannot be sent: it holds {_UNSENDABLE}")
        return wire

    def __attrs_post_init__(self) -> None:
        self._require_url()
        self._require_sendable()

    async def prepare(self, request: WireRequest) -> None:
        """Leave on a request only what the address says; a hook of the client's on requests."""
        accept = request.headers.get("accept", "application/json")
        for name in list(request.headers):
            del request.headers[name]
        request.headers["host"] = request.url.netloc.decode("ascii")
        request.headers["accept"] = accept
        request.headers["content-type"] = "application/json"
        request.headers["content-length"] = str(len(request.content))
        for name, value in self.headers.items():
            request.headers[name] = value

    async def check(self, response: WireResponse) -> None:
        """Judge a response by its status and its form; a hook of the client's on responses.

        :raises ModelError: it is no answer.
        """
        if response.status_code != HTTPStatus.OK:
            raise await self._refusal(response)
        wanted = response.request.headers.get("accept", "")
        form = response.headers.get("content-type", "").partition(";")[0].strip().lower()
        if form and form != wanted and not form.endswith("+json"):
            happened = f"answers with {form[:60]!r} where {wanted!r} was asked for"
            raise self.fault(ModelErrorKind.MALFORMED, happened)
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise self.fault(ModelErrorKind.MALFORMED, "answers in compressed form, though asked not to")

    def fault(
        self, kind: ModelErrorKind, happened: str, *, said: str = "", retry_after_s: float | None = None
    ) -> ModelError:
        """Make the error of a failure: who, where, what happened, what the endpoint says of it, and the remedy.

        :param said: text from the outside. It is shortened, made one line, and what is secret in it is blotted out.
        """
        quoted = f" and says {_one_line(self._blot(said), _LONGEST_SAID)!r}" if said.strip() else ""
        remedy = _REMEDIES[kind].format(provider=self.provider)
        message = f"{self.provider}, model {self.model_id!r} at {self._place()}: {happened}{quoted}; {remedy}"
        return ModelError(
            _one_line(self._blot(message, shortest=2 * _SHORTEST_SECRET), _LONGEST_MESSAGE),
            kind=kind,
            retry_after_s=retry_after_s,
        )

    def fault_of(self, complaint: Complaint) -> ModelError:
        """Make the error of a failure that the endpoint reports where an answer should be."""
        return self.fault(kind_of_complaint(complaint), "it reports an error instead of an answer", said=complaint.said)

    async def _refusal(self, response: WireResponse) -> ModelError:
        body = bytearray()
        # The status says enough, whatever becomes of the words that come with it.
        with suppress(Exception):
            async for piece in response.aiter_bytes():
                body += piece
                if len(body) > _LONGEST_COMPLAINT_BYTES:
                    break
        complaint = read_complaint(bytes(body[:_LONGEST_COMPLAINT_BYTES]))
        status = response.status_code
        happened = f"it answers {status}"
        if status // 100 == HTTPStatus.MULTIPLE_CHOICES // 100:
            happened += f", and leads to {_place_of(response.headers.get('location', ''))}"
        retry_after_s = read_retry_after(response.headers)
        return self.fault(kind_of_status(status, complaint), happened, said=complaint.said, retry_after_s=retry_after_s)

    def _require_url(self) -> None:
        key = f"api.providers.{self.provider}.base_url"
        if not self.base_url:
            msg = f"{self.provider}, model {self.model_id!r}: where it answers is not known; write {key}"
            raise ModelError(msg, kind=ModelErrorKind.INVALID)
        try:
            parts = urlsplit(self.base_url)
            is_url = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port or 0) >= 0
            is_url = is_url and not _UNSEEN.search(self.base_url)
        except ValueError:
            is_url, parts = False, urlsplit("")
        if not is_url or parts.username is not None or parts.query or parts.fragment:
            msg = (
                f"{self.provider}, model {self.model_id!r}: {key} is no plain address;"
                " write it as https://host/path, and what is secret as api_key or headers"
            )
            raise ModelError(msg, kind=ModelErrorKind.INVALID)

    def _require_sendable(self) -> None:
        for name, value in self.headers.items():
            if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name) or not _SENDABLE.fullmatch(value):
                happened = f"the header {name[:40]!r} cannot be sent: its name or its value holds {_UNSENDABLE}"
                raise self.fault(ModelErrorKind.DENIED, happened)

    def _place(self) -> str:
        return _place_of(self.base_url)

    def _blot(self, text: str, *, shortest: int = _SHORTEST_SECRET) -> str:
        for secret in self._secrets:
            if len(secret) >= shortest:
                text = text.replace(secret, "***")
        return text


def _place_of(url: str) -> str:
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that cannot be read"
    return f"{parts.scheme}://{parts.hostname}{port}{parts.path}" if parts.hostname else parts.path or "nowhere"


def _one_line(text: str, longest: int) -> str:
    line = _UNSEEN.sub(" ", text).strip()
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
