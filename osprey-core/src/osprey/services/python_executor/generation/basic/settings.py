"""The settings of the generator that asks a chat model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from attrs import field, fields, frozen
from attrs.validators import ge, gt, optional

from osprey.config import ModelRole


@frozen(kw_only=True)
class BasicSettings:
    """`execution.generators.basic`. With neither a name nor a provider: the model of the role that writes Python."""

    model_config_name: str | None = None
    """The role in `models` whose model is asked."""
    provider: str | None = None
    """Instead: an endpoint of `api.providers`, or of a plugin ..."""
    model_id: str | None = None
    """... and its model."""
    max_tokens: int | None = field(default=None, validator=optional(gt(0)))
    """The longest answer of `model_id`."""
    temperature: float | None = field(default=None, validator=optional(ge(0.0)))
    """Of `model_id`; None: the endpoint's own."""
    timeout_s: float = field(default=120.0, validator=gt(0.0))
    """The deadline of one attempt of `model_id`."""
    save_prompts: bool = False
    """Keep every question and its answer in the folder of the run."""

    def __attrs_post_init__(self) -> None:
        if self.model_config_name is not None and (self.provider or self.model_id):
            msg = "give model_config_name, or provider and model_id, not both"
            raise ValueError(msg)
        if (self.provider is None) is not (self.model_id is None):
            msg = "provider and model_id go together: give both"
            raise ValueError(msg)
        if self.model_config_name is not None and self.model_config_name not in set(ModelRole):
            msg = f"model_config_name {self.model_config_name!r}: no such role; the roles are {', '.join(ModelRole)}"
            raise ValueError(msg)


def settings_from(model_config: BasicSettings | Mapping[str, Any] | None) -> BasicSettings:
    """Give the settings that a generator was built with.

    A mapping may hold more than these settings: one that builds several generators is shared by applications.

    :raises ValueError: a setting is not what it has to be.
    """
    if isinstance(model_config, BasicSettings):
        return model_config
    known = {one.name for one in fields(BasicSettings)}
    return BasicSettings(**{key: value for key, value in (model_config or {}).items() if key in known})
