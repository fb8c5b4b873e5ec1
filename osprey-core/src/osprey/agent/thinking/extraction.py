"""A message in a conversation as a task that stands by itself, and in the same answer what the task needs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from osprey.agent.thinking.asking import StructuredModel, said, told
from osprey.agent.thinking.classification import Choice, Classification, Intent, only_known
from osprey.agent.thinking.conversation import PastTurn, conversation_text, recent
from osprey.agent.thinking.offers import listing
from osprey.prompts.fencing import Source, fence

if TYPE_CHECKING:
    from osprey.models.chat.account import Account
    from osprey.prompts.library import Prompts
    from osprey.registrations import Capability

MOST_TASK: Final = 20_000
"""Characters of a message, and of the task that it means."""
_MOST_CONVERSATION: Final = 24_000
_MOST_NOTES: Final = 6_000
_MOST_PROVIDED: Final = 12_000
_LEANING: Final = re.compile(
    r"\b(?:it|its|them|their|that|this|those|these|same|again|previous|before|earlier|ones?|other|also|instead|another|"
    r"back|undo|revert|repeat|continue|usual|there|then|so|my|remember\w*)\b"
    r"|^\W*(?:and|what about|how about|now|or)\b",
    re.IGNORECASE,
)
_SHORTEST: Final = 3
"""Words; a message of fewer hardly says what is to be done."""


@frozen(kw_only=True)
class ExtractedTask:
    """What a message means."""

    task: str = field(metadata={"about": "the task, complete in itself"})
    depends_on_history: bool = field(metadata={"about": "whether an earlier turn was needed to understand it"})
    depends_on_memory: bool = field(metadata={"about": "whether a remembered note was needed to understand it"})
    intent: Intent = field(metadata={"about": "change only if the person asks to change something on the machine"})
    capabilities: tuple[Choice, ...] = field(metadata={"about": "the fewest kinds of steps that do the whole task"})
    refers_to: tuple[str, ...] = field(
        default=(), metadata={"about": "channels, spans and values that were taken from earlier turns"}
    )
    question: str = field(
        default="", metadata={"about": "to the person, where it is not certain what would be changed; else empty"}
    )

    @property
    def classification(self) -> Classification:
        """The choice of kinds of steps."""
        return Classification(capabilities=self.capabilities, intent=self.intent)


@frozen(kw_only=True)
class Background:
    """What is known beside the message itself."""

    history: Sequence[PastTurn] = ()
    notes: Sequence[str] = ()
    """What the person had remembered, the most fitting first."""
    provided: Mapping[str, str] = field(factory=dict[str, str])
    """What data sources gave, by their names."""


def needs_extraction(text: str, background: Background) -> bool:
    """Say if a message may lean on what was said before, so that a model has to look at it.

    On the first turn of a thread it cannot, unless it speaks of what was remembered.
    """
    if not background.history and not background.notes:
        return False
    return bool(_LEANING.search(text)) or len(text.split()) < _SHORTEST


async def extract_task(
    text: str,
    background: Background,
    among: Sequence[Capability],
    model: StructuredModel,
    prompts: Prompts,
    *,
    account: Account | None = None,
) -> ExtractedTask:
    """Have a model say what a message means and which kinds of steps it needs.

    :raises ModelError: it gave no answer that can be used.
    """
    history = conversation_text(recent(background.history))
    prompt = prompts.render(
        "understand",
        capabilities=listing(among),
        conversation=fence(history, Source.CONVERSATION, limit=_MOST_CONVERSATION) if history else "",
        notes=fence("\n".join(background.notes), Source.NOTES, limit=_MOST_NOTES) if background.notes else "",
        provided=provided_text(background.provided),
    )
    check_names = only_known(among)

    def check(answer: ExtractedTask) -> list[str]:
        wrong = check_names(answer.capabilities)
        if not answer.task.strip() and not answer.question.strip():
            wrong.append("the task is empty: give the message itself, if it stands by itself")
        if len(answer.task) > MOST_TASK:
            wrong.append(f"the task has {len(answer.task)} characters: at most {MOST_TASK} are taken")
        return wrong

    return await model.ask_for(ExtractedTask, [told(prompt), said(text)], account=account, check=check)


def provided_text(provided: Mapping[str, str]) -> str:
    """Give what data sources gave, each fenced, all of them within a bound."""
    share = _MOST_PROVIDED // max(len(provided), 1)
    return "\n".join(fence(f"{name}:\n{text}", Source.PROVIDED, limit=share) for name, text in provided.items())
