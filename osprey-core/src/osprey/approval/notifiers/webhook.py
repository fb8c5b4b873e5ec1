"""The notifier `webhook`: JSON to a program of the facility, which can check who sent it."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import TYPE_CHECKING

from attrs import field, frozen

from osprey.approval.notifiers.own_threads import OwnThreads
from osprey.approval.notifiers.rules import HeaderText, Secret, require_private
from osprey.config.rules import WebAddress

if TYPE_CHECKING:
    from osprey.approval.notifiers.notice import Notice


@frozen(kw_only=True)
class WebhookSettings:
    """`approval.notify.<name>.settings` with `via: webhook`."""

    url: str = field(validator=WebAddress())
    """Where notices are posted as JSON; `https`, or `http` to this host."""
    token: str | None = field(default=None, validator=HeaderText(), repr=False)
    """Sent as `Authorization: Bearer`; never shown."""
    secret: str | None = field(default=None, validator=Secret(), repr=False)
    """Makes the header `X-Osprey-Signature: sha256=...`, the HMAC of the body, which proves the sender; never shown."""
    allow_plain_http: bool = False
    """Whether `http` to another host will do, though anybody on the way can read and change it."""

    def __attrs_post_init__(self) -> None:
        require_private("url", self.url, allow_plain_http=self.allow_plain_http)


class WebhookNotifier:
    """Posts notices as JSON."""

    def __init__(self, settings: WebhookSettings) -> None:
        self._settings = settings
        self._threads = OwnThreads()

    async def send(self, notice: Notice) -> None:
        """Post one notice.

        :raises NotSentError: it was not taken.
        """
        from osprey.approval.notifiers.posting import post_json

        body = json.dumps(notice.as_json()).encode()
        await self._threads.run(lambda: post_json(self._settings.url, body, self._headers(body)))

    def _headers(self, body: bytes) -> dict[str, str]:
        headers: dict[str, str] = {}
        if self._settings.token is not None:
            headers["Authorization"] = f"Bearer {self._settings.token}"
        if self._settings.secret is not None:
            signature = hmac.new(self._settings.secret.encode(), body, hashlib.sha256).hexdigest()
            headers["X-Osprey-Signature"] = f"sha256={signature}"
        return headers
