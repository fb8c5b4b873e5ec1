"""`models` and `api` as values: which chat model serves which role, and how its endpoint is reached."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final

from attrs import evolve, field, frozen

from osprey.config.rules import AtLeast, Layout, Positive, WebAddress
from osprey.config.section import Unset

DEFAULT_ROLE: Final = "default"
REPLAY: Final = "replay"
"""The dialect that answers from a recording."""


class ModelRole(StrEnum):
    """What a chat model is asked for. Approving is none of it."""

    ORCHESTRATOR = "orchestrator"
    """Makes the plan."""
    CLASSIFIER = "classifier"
    """Chooses the capabilities that a task needs."""
    TASK_EXTRACTION = "task_extraction"
    """Makes a task that stands alone of a conversation."""
    RESPONSE = "response"
    """Says in words what the steps have shown, where a plan wants that; the record of the steps is no model's."""
    CLARIFY = "clarify"
    """Words the question back to the user."""
    PYTHON_CODE_GENERATOR = "python_code_generator"
    """Writes Python."""
    MEMORY = "memory"
    """Reads what is to be remembered out of words."""
    TIME_PARSING = "time_parsing"
    """Reads time ranges out of words."""
    CHANNEL_FINDER = "channel_finder"
    """Finds channels by words."""
    REACT = "react"
    """Decides step by step, in the reactive mode."""


UNASKED: Final[Mapping[ModelRole, str]] = {
    ModelRole.CLARIFY: "what is asked back names the choices that there are",
    ModelRole.MEMORY: "notes are kept as they were said",
    ModelRole.TIME_PARSING: "spans of time are read by the phrasebook, and by the planner",
}
"""Roles that nothing in this version asks a model for, each with the reason."""


@frozen(kw_only=True)
class FallbackConfig(Layout):
    """One entry of `models.<role>.fallbacks`. None: what the role says."""

    provider: str | Unset
    """Who is asked when those before it gave no answer."""
    model_id: str | Unset
    """The model, as its endpoint names it."""
    max_tokens: int | None = field(default=None, validator=Positive())
    """Instead of the role's."""
    temperature: float | None = field(default=None, validator=AtLeast(0))
    """Instead of the role's."""
    timeout_s: float | None = field(default=None, validator=Positive())
    """Instead of the role's."""
    max_retries: int | None = field(default=None, validator=AtLeast(0))
    """Instead of the role's."""


@frozen(kw_only=True)
class ModelChoice:
    """One model of a role's chain, with all that the configuration says of it."""

    path: str
    """Where it stands in the file, such as ``models.orchestrator.fallbacks.0``."""
    provider: str | Unset
    model_id: str | Unset
    max_tokens: int | None
    temperature: float | None
    timeout_s: float
    max_retries: int


@frozen(kw_only=True)
class RoleConfig(Layout):
    """`models.<role>`: who is asked for it, and who then, if that gives no answer."""

    provider: str | Unset
    """A name in `api.providers`, or of an endpoint that a plugin declares."""
    model_id: str | Unset
    """The model, as its endpoint names it."""
    max_tokens: int | None = field(default=None, validator=Positive())
    """The longest answer; None: as long as the endpoint gives one."""
    temperature: float | None = field(default=None, validator=AtLeast(0))
    """None: the endpoint's own."""
    timeout_s: float = field(default=60.0, validator=Positive())
    """The deadline of one attempt, from the connection to the last byte."""
    max_retries: int = field(default=2, validator=AtLeast(0))
    """Further attempts after what may pass: nobody answers, a deadline is over, too many requests, a failure there."""
    fallbacks: tuple[FallbackConfig, ...] = ()
    """Who is asked then, in this order."""

    def chain(self, path: str) -> tuple[ModelChoice, ...]:
        """Give who is asked, the first first.

        :param path: where this stands in the file.
        """
        first = ModelChoice(
            path=path,
            provider=self.provider,
            model_id=self.model_id,
            max_tokens=self.max_tokens,
            temperature=self.temperature,
            timeout_s=self.timeout_s,
            max_retries=self.max_retries,
        )
        return (first, *(_fallback(first, other, index) for index, other in enumerate(self.fallbacks)))


def _fallback(first: ModelChoice, other: FallbackConfig, index: int) -> ModelChoice:
    return evolve(
        first,
        path=f"{first.path}.fallbacks.{index}",
        provider=other.provider,
        model_id=other.model_id,
        max_tokens=first.max_tokens if other.max_tokens is None else other.max_tokens,
        temperature=first.temperature if other.temperature is None else other.temperature,
        timeout_s=first.timeout_s if other.timeout_s is None else other.timeout_s,
        max_retries=first.max_retries if other.max_retries is None else other.max_retries,
    )


@frozen(kw_only=True)
class ModelsConfig:
    """`models`."""

    roles: Mapping[str, RoleConfig] = field(factory=dict[str, RoleConfig])
    """By the name of a `ModelRole`, or `default`, which serves every role without an entry."""
    recording: Path | None = None
    """A file to which every question to a model is appended with its answer, for tests and for support."""

    def key_of(self, role: ModelRole) -> str | None:
        """Give the name of the entry that serves `role`; None: there is none."""
        return next((key for key in (role.value, DEFAULT_ROLE) if key in self.roles), None)


@frozen(kw_only=True)
class AbilitiesConfig(Layout):
    """`api.providers.<name>.abilities`. None: what its plugin says."""

    json_schema: bool | None = None
    """Whether the endpoint holds an answer to a JSON Schema; without it the form stands in the question."""
    tools: bool | None = None
    """Whether its models call tools."""


@frozen(kw_only=True)
class PriceConfig(Layout):
    """`api.providers.<name>.prices.<model_id>`, in the currency of `execution_control.limits.max_turn_cost`."""

    input_per_million: float = field(validator=AtLeast(0))
    """A million tokens of the question."""
    output_per_million: float = field(validator=AtLeast(0))
    """A million tokens of the answer."""


@frozen(kw_only=True)
class ProviderConfig(Layout):
    """`api.providers.<name>`: an endpoint of chat models."""

    dialect: str | None = None
    """The endpoint of a plugin whose protocol this one speaks; None: `<name>` is itself one of a plugin."""
    base_url: str | Unset | None = field(default=None, validator=WebAddress())
    """Where it answers; None: where its plugin says."""
    api_key: str | Unset | None = field(default=None, repr=False)
    """Its key, as a reference such as ``${LAB_KEY}``; nothing asks for the variable before a model is asked."""
    headers: Mapping[str, str | Unset] = field(factory=dict[str, "str | Unset"], repr=False)
    """Further headers of every request to it; they are shown as little as keys are."""
    abilities: AbilitiesConfig = AbilitiesConfig()
    prices: Mapping[str, PriceConfig] = field(factory=dict[str, PriceConfig])
    recording: Path | None = None
    """Of the dialect `replay`: the file that it answers from, as `models.recording` wrote it."""


@frozen(kw_only=True)
class ApiConfig(Layout):
    """`api`."""

    providers: Mapping[str, ProviderConfig] = field(factory=dict[str, ProviderConfig])

    def dialect_of(self, provider: str) -> str:
        """Give the name of the plugin's endpoint that `provider` is, or whose protocol it speaks."""
        known = self.providers.get(provider)
        return provider if known is None or known.dialect is None else known.dialect
