"""One POST over HTTP by the standard library: a proxy of the environment is used, a redirect is never followed."""

from __future__ import annotations

import ssl
from collections.abc import Mapping
from http.client import HTTPException
from typing import Final
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from osprey.approval.notifiers import NotSentError
from osprey.config.rules import is_loopback

STEP_S: Final = 4.0
"""How long connecting, and each wait for the other end, may take: less than a notice has, so that the step is named."""
_REDIRECTS: Final = range(300, 400)


def post_json(url: str, body: bytes, headers: Mapping[str, str]) -> None:
    """Send JSON and go on only if it was taken. Blocks.

    :raises NotSentError: it was not; the message names the host and not the rest of the address, which may be secret.
    """
    parts = urlsplit(url)
    place = parts.netloc
    sent = {"Content-Type": "application/json", "User-Agent": "osprey", **headers}
    request = Request(url, data=body, headers=sent, method="POST")  # noqa: S310 - the settings allow http and https only
    try:
        with _opener(is_loopback(parts.hostname or "")).open(request, timeout=STEP_S):
            return
    except HTTPError as exc:
        exc.close()
        hint = "; it is not followed elsewhere: give the address that it leads to" if exc.code in _REDIRECTS else ""
        msg = f"{place} answered {exc.code} {exc.reason}{hint}"
        raise NotSentError(msg) from exc
    except (OSError, HTTPException) as exc:
        why = exc.reason if isinstance(exc, URLError) else exc
        msg = f"{place} cannot be told: {str(why) or type(exc).__name__}"
        raise NotSentError(msg) from exc


def _opener(is_local: bool) -> OpenerDirector:
    """Give what speaks HTTP and nothing else: without a handler of redirects an answer that is one is an error."""
    opener = OpenerDirector()
    for handler in (
        ProxyHandler({}) if is_local else ProxyHandler(),
        HTTPHandler(),
        HTTPSHandler(context=ssl.create_default_context()),
        HTTPDefaultErrorHandler(),
        HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener
