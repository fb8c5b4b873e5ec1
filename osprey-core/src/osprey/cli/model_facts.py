"""What the configuration says of chat models, role by role, without any of their keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from osprey.cli.plugin_view import columns
from osprey.config import Config, ModelRole, origin_of
from osprey.config.models import UNASKED, ModelChoice, ProviderConfig
from osprey.config.section import Unset
from osprey.config.sections import missing, model_choices
from osprey.plugins.modules import is_present
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.plugins import Registry
    from osprey.project import Project


_MISSING: Final = "missing"


def facts_of(project: Project) -> list[dict[str, Any]]:
    """Give every role with the models that serve it, the first one first; `models` is empty where none does."""
    config = project.config
    found: list[dict[str, Any]] = []
    for role in ModelRole:
        key = config.models.key_of(role)
        chain = () if key is None else config.models.roles[key].chain(f"models.{key}")
        models = [_model(config, project.registry, choice) for choice in chain]
        found.append(
            {
                "role": role.value,
                "key": None if key is None else f"models.{key}",
                "is_asked": role not in UNASKED,
                "models": models,
            }
        )
    return found


def lines_of(facts: list[dict[str, Any]]) -> Iterator[str]:
    """Lay the roles out, one line a model."""
    rows: list[list[str]] = []
    for fact in facts:
        if not fact["is_asked"]:
            rows.append([fact["role"], "not asked in this version", "", "", ""])
            continue
        for number, model in enumerate(fact["models"]):
            name = fact["role"] if number == 0 else "  then"
            said = (f"{model['provider']}/{model['model']}", f"key: {model['key']}", model["driver"])
            rows.append([name, *map(printable, said), f"({fact['key']})" if number == 0 else ""])
        if not fact["models"]:
            rows.append([fact["role"], "no model", "", "", ""])
    yield from columns(rows).splitlines()


def _model(config: Config, registry: Registry, choice: ModelChoice) -> dict[str, Any]:
    provider, model_id = _text(choice.provider), _text(choice.model_id)
    dialect = config.api.dialect_of(provider)
    is_known = not isinstance(choice.provider, Unset)
    reason = _driver_failure(registry, dialect) if is_known else "not known"
    return {
        "provider": provider,
        "model": model_id,
        "dialect": dialect,
        "key": _key_origin(config, registry, provider, dialect) if is_known else "not known",
        "installed": not reason,
        "driver": reason or f"driver {dialect} of {registry.entry('models', dialect).distribution or 'a local file'}",
    }


def _text(value: str | Unset) -> str:
    return value.scalar.source if isinstance(value, Unset) else value


def _driver_failure(registry: Registry, dialect: str) -> str:
    """Say why the driver cannot be imported, as far as that can be seen without importing it; empty: it can."""
    if reason := missing(registry, "models", dialect):
        return reason
    entry = registry.entry("models", dialect)
    modules = (entry.registration.implementation.partition(":")[0], *entry.registration.requires)
    absent = [module for module in modules if not is_present(module)]
    return f"driver {dialect!r} needs {', '.join(absent)}, which is not installed" if absent else ""


def _key_origin(config: Config, registry: Registry, provider: str, dialect: str) -> str:
    """Say where the key comes from; the key itself is not read."""
    section = config.api.providers.get(provider, ProviderConfig())
    path = ("api", "providers", provider, "api_key")
    if isinstance(section.api_key, Unset):
        return f"variable {' and '.join(section.api_key.scalar.missing)}, which is not set"
    if section.api_key is not None:
        return str(origin_of(config, path))
    if section.headers:
        return "headers"
    variable = (
        "" if missing(registry, "models", dialect) else registry.entry("models", dialect).registration.key_variable
    )
    if variable and section.base_url is None:
        return f"{_MISSING}: set {'.'.join(path)} to ${{{variable}}}"
    return "none"


def keyless_providers(config: Config, registry: Registry) -> Iterator[str]:
    """Say of each endpoint that a role asks, and that would ask for a key, that the configuration names none."""
    used = dict.fromkeys(str(choice.provider) for choice, _ in model_choices(config))
    for name in used:
        origin = _key_origin(config, registry, name, config.api.dialect_of(name))
        if origin.startswith(_MISSING):
            yield f"api.providers.{name}: its key is {origin}; its models are as good as down"
