"""Which kinds of steps a task needs: one question to a model, however many kinds there are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from osprey.agent.thinking.asking import StructuredModel, said, told
from osprey.agent.thinking.offers import listing
from osprey.config.closest import did_you_mean

if TYPE_CHECKING:
    from osprey.models.chat.account import Account
    from osprey.prompts.library import Prompts
    from osprey.registrations import Capability

_MOST_REASON: Final = 300


class Intent(StrEnum):
    """Whether a task asks to change something on the machine."""

    LOOK = "look"
    CHANGE = "change"


@frozen(kw_only=True)
class Choice:
    """One kind of step that a task needs."""

    capability: str = field(metadata={"about": "its name, exactly as it is listed"})
    reason: str = field(default="", metadata={"about": "why, in one line"})


@frozen(kw_only=True)
class Classification:
    """What a task needs."""

    capabilities: tuple[Choice, ...] = field(metadata={"about": "the fewest kinds of steps that do the whole task"})
    intent: Intent = field(metadata={"about": "change only if the task asks to change something on the machine"})

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the kinds, each once."""
        return tuple(dict.fromkeys(each.capability for each in self.capabilities))

    def told(self) -> str:
        """Say the choice in one line."""
        chosen = "; ".join(f"{each.capability} ({each.reason[:_MOST_REASON]})" for each in self.capabilities)
        return f"{self.intent}: {chosen or 'no kind of step'}"


async def classify(
    task: str,
    among: Sequence[Capability],
    model: StructuredModel,
    prompts: Prompts,
    *,
    reason: str = "",
    account: Account | None = None,
) -> Classification:
    """Have a model choose the kinds of steps for a task.

    :param reason: why an earlier choice did not suffice.
    :raises ModelError: it gave no answer that can be used, names that do not exist included.
    """
    text = prompts.render("classify", capabilities=listing(among), reason=reason)
    check = only_known(among)
    return await model.ask_for(
        Classification, [told(text), said(task)], account=account, check=lambda answer: check(answer.capabilities)
    )


def only_known(among: Sequence[Capability]) -> Callable[[Sequence[Choice]], list[str]]:
    """Give what says which chosen names do not exist, each with the closest."""
    names = [each.name for each in among]

    def check(chosen: Sequence[Choice]) -> list[str]:
        return [
            f"there is no capability {each.capability[:80]!r}; "
            f"{did_you_mean(each.capability[:80], names) or 'use only ' + ', '.join(names)}"
            for each in chosen
            if each.capability not in names
        ]

    return check
