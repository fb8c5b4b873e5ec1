"""Writing through the web service: each put once, with an id that is used once."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import frozen

from osprey.api import ChannelInfo, DType, ErrorKind, Fault, Put, PutResult
from osprey_labview.web.answers import put_result_in, results_in
from osprey_labview.web.client import NOTHING_DONE, BrokenAnswerError, WebClient, WebError
from osprey_labview.web.forms import NAMES, FormError, form_of


@frozen
class Item:
    """One put in the form of the contract, with its place in the batch."""

    place: int
    form: Mapping[str, Any]


def prepare(puts: Sequence[Put], known: Mapping[str, ChannelInfo | Fault]) -> tuple[dict[int, PutResult], list[Item]]:
    """Give what can be sent, and the results of what cannot, of which nothing leaves this process."""
    failed: dict[int, PutResult] = {}
    items: list[Item] = []
    for place, put in enumerate(puts):
        info = known[put.channel]
        if isinstance(info, Fault):
            failed[place] = _failed(put.channel, info.kind, info.message, info.raw, was_sent=False)
            continue
        try:
            items.append(Item(place, _form(put, info)))
        except FormError as exc:
            message = f"{put.channel}: {exc}"
            failed[place] = _failed(put.channel, ErrorKind.BAD_VALUE, message, was_sent=False)
    return failed, items


def _form(put: Put, info: ChannelInfo) -> dict[str, Any]:
    length = info.shape[0] if info.shape else None
    value = form_of(put.value, info.dtype, length)
    if info.dtype is DType.ENUM and info.labels and length is None and not 0 <= value < len(info.labels):
        msg = f"it has no state {value}; there are {len(info.labels)}"
        raise FormError(msg)
    return {"channel": put.channel, "type": NAMES[info.dtype], "value": value}


async def send(client: WebClient, items: Sequence[Item], deadline: float) -> dict[int, PutResult]:
    """Send puts in one request, once.

    :raises ConnectorError: the answer is for others than these, so that nothing is known of them.
    """
    names = [item.form["channel"] for item in items]
    message = {"id": uuid.uuid4().hex, "writes": [item.form for item in items]}
    try:
        answer = await client.ask("write", message, deadline)
    except WebError as exc:
        # After most failures of a server it may have written before it failed.
        is_doubtful = exc.status is not None and exc.status not in NOTHING_DONE
        kind = ErrorKind.TIMEOUT if is_doubtful else exc.kind
        return {
            item.place: _failed(name, kind, f"{name}: {exc.message}", exc.raw, was_sent=exc.was_sent)
            for item, name in zip(items, names, strict=True)
        }
    if not isinstance(answer, dict) or answer.get("id") != message["id"]:
        msg = "the web service answered for another write than was sent"
        raise BrokenAnswerError(msg)
    results = results_in(answer, names)
    return {item.place: put_result_in(result) for item, result in zip(items, results, strict=True)}


def _failed(channel: str, kind: ErrorKind, message: str, raw: str = "", *, was_sent: bool) -> PutResult:
    return PutResult(channel=channel, error=kind, message=message, raw=raw, was_sent=was_sent)
