"""From what the configuration says of a model to the address that a driver is built from."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from attrs import frozen

from osprey.config import Config
from osprey.config.models import REPLAY, ModelChoice, PriceConfig, ProviderConfig
from osprey.config.section import Unset, present
from osprey.errors import ConfigError, ModelError, ModelErrorKind
from osprey.models.chat.messages import Usage
from osprey.models.chat.protocol import ModelAbilities, ModelAddress
from osprey.plugins.registry import Registry
from osprey.registrations import Model

if TYPE_CHECKING:
    from osprey.project import Project

_TIMEOUT_S: Final = 60.0


@frozen(kw_only=True)
class Reach:
    """How one model of a chain is reached."""

    dialect: str
    """The name of the plugin's endpoint whose driver is built."""
    address: ModelAddress
    price: PriceConfig | None
    max_retries: int

    @property
    def label(self) -> str:
        """Name provider and model, for messages."""
        return f"{self.address.provider}/{self.address.model_id}"

    def cost_of(self, usage: Usage) -> float | None:
        """Give what an answer costs; None: the configuration does not state the price."""
        if self.price is None:
            return None
        whole = usage.input_tokens * self.price.input_per_million + usage.output_tokens * self.price.output_per_million
        return whole / 1_000_000


def address_of(project: Project, provider: str, model_id: str, *, where: str) -> ModelAddress:
    """Say how a model is reached that a section of its own names, with what `api.providers` says of its provider.

    :param where: the path of that section, for messages.
    :raises ModelError, ConfigError, PluginError: as `reach_of`.
    """
    choice = ModelChoice(
        path=where,
        provider=provider,
        model_id=model_id,
        max_tokens=None,
        temperature=None,
        timeout_s=_TIMEOUT_S,
        max_retries=0,
    )
    return reach_of(project.config, project.registry, choice).address


def reach_of(config: Config, registry: Registry, choice: ModelChoice) -> Reach:
    """Say how a model is reached. Nobody is contacted, and no driver imported.

    :raises ModelError: of kind DENIED: its key is missing, so that it is as good as down; the message names it.
    :raises ConfigError: another variable is not set, or the address is missing; the message names it.
    :raises PluginError: no plugin provides the endpoint.
    """
    provider, model_id = present(choice.provider), present(choice.model_id)
    dialect = config.api.dialect_of(provider)
    declared = registry.entry("models", dialect).registration
    section = config.api.providers.get(provider, ProviderConfig())
    address = ModelAddress(
        provider=provider,
        model_id=model_id,
        base_url=_base_url(provider, section, declared),
        api_key=_key(provider, section, declared),
        headers=_headers(section),
        max_tokens=choice.max_tokens,
        temperature=choice.temperature,
        timeout_s=choice.timeout_s,
        abilities=_abilities(section, declared),
        recording=_recording(provider, section, dialect),
    )
    price = section.prices.get(model_id)
    return Reach(dialect=dialect, address=address, price=price, max_retries=choice.max_retries)


def abilities_of(config: Config, registry: Registry, choice: ModelChoice) -> ModelAbilities:
    """Say what a model's endpoint can do, whether or not there is a key for it.

    :raises ConfigError: the variable that names its provider is not set.
    :raises PluginError: no plugin provides the endpoint.
    """
    provider = present(choice.provider)
    declared = registry.entry("models", config.api.dialect_of(provider)).registration
    return _abilities(config.api.providers.get(provider, ProviderConfig()), declared)


def _base_url(provider: str, section: ProviderConfig, declared: Model) -> str:
    given = present(section.base_url) or declared.base_url
    if not given and provider != declared.name and declared.name != REPLAY:
        # Its driver would go to the endpoint that it knows, with a key that is meant for another one.
        raise ConfigError(f"it is not said where provider {provider!r} answers: set api.providers.{provider}.base_url")
    return given


def _key(provider: str, section: ProviderConfig, declared: Model) -> str:
    if section.api_key is not None:
        return _secret(section.api_key)
    if declared.key_variable and section.base_url is None and not section.headers:
        where = f"api.providers.{provider}.api_key"
        msg = f"provider {provider!r} needs a key: set {where} to ${{{declared.key_variable}}}"
        raise ModelError(msg, kind=ModelErrorKind.DENIED)
    return ""


def _headers(section: ProviderConfig) -> Mapping[str, str]:
    return {name: _secret(value) for name, value in section.headers.items()}


def _secret(value: str | Unset) -> str:
    """Give what lets Osprey in; where its variable is not set the endpoint would say no."""
    if isinstance(value, Unset):
        raise ModelError(str(value.error()), kind=ModelErrorKind.DENIED)
    return value


def _abilities(section: ProviderConfig, declared: Model) -> ModelAbilities:
    stated = section.abilities
    return ModelAbilities(
        json_schema=declared.json_schema if stated.json_schema is None else stated.json_schema,
        tools=declared.tools if stated.tools is None else stated.tools,
    )


def _recording(provider: str, section: ProviderConfig, dialect: str) -> Path | None:
    if dialect == REPLAY and section.recording is None:
        raise ConfigError(f"provider {provider!r} answers from a file: name it as api.providers.{provider}.recording")
    return section.recording
