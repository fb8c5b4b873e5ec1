"""When two questions are the same but for the time they were asked at and the figures that a machine showed then.

A question to a model tells the time and what steps have left behind, so no turn asks one twice to the letter. What a
person has typed is compared as it is: another value there is another question.
"""

from __future__ import annotations

import re
from typing import Final

from attrs import evolve

from osprey.models.chat._serialization import hash_of
from osprey.models.chat.messages import ChatMessage, ChatRequest, Speaker

_FENCED: Final = re.compile(r"\[data ([0-9a-f]{16}): .*?\[end of data \1\]", re.DOTALL)
_TIME: Final = re.compile(r"\b\w+day \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \S+")
"""As the prompts tell it, with the day of the week and the name of the zone, which change with it."""
_NAME: Final = re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{6,}\b")
"""Of a run, a request or a fenced text: made up each time."""
_FIGURE: Final = re.compile(r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?")


def likeness_of(request: ChatRequest) -> str:
    """Give the name that questions have in common which differ in times and figures alone."""
    return hash_of(evolve(request, messages=tuple(map(_without_figures, request.messages))))


def _without_figures(message: ChatMessage) -> ChatMessage:
    match message.speaker:
        case Speaker.SYSTEM | Speaker.TOOL:
            return evolve(message, text=_masked(message.text))
        case Speaker.USER:
            return evolve(message, text=_FENCED.sub(lambda found: _masked(found[0]), message.text))
        case Speaker.ASSISTANT:
            return message


def _masked(text: str) -> str:
    for pattern in (_TIME, _NAME, _FIGURE):
        text = pattern.sub("#", text)
    return text
