"""Which chat model writes the code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from osprey.config import ModelRole
from osprey.config.models import ModelChoice
from osprey.errors import ConfigError
from osprey.models.chat.asking import RoleModel, models_of
from osprey.services.python_executor.generation.basic.settings import BasicSettings

if TYPE_CHECKING:
    from osprey.project import Project

_WRITERS: Final = (ModelRole.PYTHON_CODE_GENERATOR, ModelRole.RESPONSE, ModelRole.ORCHESTRATOR)
"""Whose model writes Python, the first that is configured."""
_INLINE: Final = "execution.generators.basic"
_RETRIES: Final = 2


def has_model(project: Project) -> bool:
    """Say whether a model writes Python here, by the roles of the configuration."""
    return any(models_of(project).serves(role) for role in _WRITERS)


def model_for(project: Project, settings: BasicSettings) -> RoleModel:
    """Give the model that the settings name, else that of the first role that is configured.

    :raises ConfigError: none is configured; the message names the keys.
    """
    models = models_of(project)
    if settings.provider is not None and settings.model_id is not None:
        return RoleModel(ModelRole.PYTHON_CODE_GENERATOR, (_choice(settings),), models)
    if settings.model_config_name is not None:
        return models.of(ModelRole(settings.model_config_name))
    for role in _WRITERS:
        if models.serves(role):
            return models.of(role)
    msg = (
        "no model writes Python here: set models.python_code_generator (or models.default) to a provider and a "
        f"model_id, or {_INLINE}.provider and .model_id"
    )
    raise ConfigError(msg)


def _choice(settings: BasicSettings) -> ModelChoice:
    return ModelChoice(
        path=_INLINE,
        provider=settings.provider or "",
        model_id=settings.model_id or "",
        max_tokens=settings.max_tokens,
        temperature=settings.temperature,
        timeout_s=settings.timeout_s,
        max_retries=_RETRIES,
    )
