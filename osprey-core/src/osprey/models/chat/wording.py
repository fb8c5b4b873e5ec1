"""A question in the words that its endpoint understands: a form that it cannot be held to stands in the question."""

from __future__ import annotations

import json
from typing import Final

from attrs import evolve

from osprey.errors import ModelError, ModelErrorKind
from osprey.models.chat.messages import AnswerForm, ChatMessage, ChatRequest, Speaker
from osprey.models.chat.protocol import ModelAddress

_FORM: Final = (
    "Answer with one JSON object and nothing else: no prose before or after it, no code fence. "
    "It has exactly the form of this JSON Schema, named {name}:\n{schema}"
)


def worded_for(address: ModelAddress, request: ChatRequest) -> ChatRequest:
    """Give the question as this endpoint is asked it.

    :raises ModelError: it needs tools, which the endpoint does not have; its kind is INVALID.
    """
    if request.tools and not address.abilities.tools:
        where = f"api.providers.{address.provider}.abilities.tools"
        msg = f"the question needs tools, and {where} is false: name a model that calls tools"
        raise ModelError(msg, kind=ModelErrorKind.INVALID)
    if request.form is None or address.abilities.json_schema:
        return request
    return evolve(request, messages=_with_form(request.messages, request.form), form=None)


def _with_form(messages: tuple[ChatMessage, ...], form: AnswerForm) -> tuple[ChatMessage, ...]:
    """Put the form at the end of the first system message; some endpoints take but one, and only as the first."""
    text = _FORM.format(name=form.name, schema=json.dumps(form.schema, ensure_ascii=False, default=dict))
    if messages and messages[0].speaker is Speaker.SYSTEM:
        first = evolve(messages[0], text=f"{messages[0].text}\n\n{text}")
        return (first, *messages[1:])
    return (ChatMessage(speaker=Speaker.SYSTEM, text=text), *messages)
