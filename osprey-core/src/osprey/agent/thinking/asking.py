"""The models that read and plan, as this room needs them; the one place that knows where they come from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol, TypeVar

from osprey.config import ModelRole
from osprey.models.chat.messages import ChatMessage, Speaker
from osprey.prompts.fencing import DATA_RULE

if TYPE_CHECKING:
    from osprey.models.chat.account import Account
    from osprey.project import Project

T = TypeVar("T")


class StructuredModel(Protocol):
    """A model that answers with a value of an attrs class."""

    async def ask_for(
        self,
        form: type[T],
        messages: Sequence[ChatMessage],
        *,
        account: Account | None = None,
        check: Callable[[T], Sequence[str]] | None = None,
    ) -> T:
        """Give an answer of the form that `check` has nothing against; a wrong one is sent back once.

        :raises ModelError: there is none.
        """
        ...


class PlanningModels(Protocol):
    """The models of a project, by role."""

    def serves(self, role: ModelRole) -> bool:
        """Say whether a model is configured for a role."""
        ...

    def of(self, role: ModelRole) -> StructuredModel:
        """Give the model of a role that is served."""
        ...


def planning_models(project: Project) -> PlanningModels:
    """Give the models that the project's configuration names."""
    from osprey.models.chat.asking import models_of

    return models_of(project)


def told(text: str) -> ChatMessage:
    """Give what Osprey says to a model, with the rule on fenced text ahead of it."""
    return ChatMessage(speaker=Speaker.SYSTEM, text=f"{DATA_RULE}\n\n{text}")


def said(text: str) -> ChatMessage:
    """Give what a person said."""
    return ChatMessage(speaker=Speaker.USER, text=text)


def answered(text: str) -> ChatMessage:
    """Give what a model has answered before."""
    return ChatMessage(speaker=Speaker.ASSISTANT, text=text)
