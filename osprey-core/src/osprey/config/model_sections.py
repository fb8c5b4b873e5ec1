"""Reads `models` and `api` of the file, and says where the two contradict each other or the limits of a turn."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

from attrs import evolve, field, frozen

from osprey.config.closest import did_you_mean
from osprey.config.demands import LineOf
from osprey.config.draft import Draft
from osprey.config.known import unserved_names
from osprey.config.models import (
    DEFAULT_ROLE,
    REPLAY,
    UNASKED,
    ApiConfig,
    ModelChoice,
    ModelRole,
    ModelsConfig,
    ProviderConfig,
    RoleConfig,
)
from osprey.config.nodes import Path_, Table, find
from osprey.config.problems import Problem
from osprey.config.rules import Layout, is_loopback
from osprey.config.section import Unset
from osprey.config.targets import absolute

ROLES = (*(role.value for role in ModelRole), DEFAULT_ROLE)


@frozen(kw_only=True)
class ModelsLayout(Layout):
    """`models`, without the roles."""

    recording: Path | None = None
    """A file to which every question to a model is appended with its answer, for tests and for support."""


@frozen(kw_only=True)
class ModelSections:
    """`models` and `api`, as values that fit together or with what does not among the draft's problems."""

    models: ModelsConfig = field(factory=ModelsConfig)
    api: ApiConfig = field(factory=ApiConfig)


def read_model_sections(draft: Draft, root: Path, *, max_turn_cost: float | None) -> ModelSections:
    """Structure both sections; what is wrong is added to the draft's problems."""
    recording = _without_roles(draft)
    roles = draft.section("models", dict[str, RoleConfig])
    found = len(draft.problems)
    api = draft.section("api", ApiConfig)
    if len(draft.problems) > found:  # what it says of prices is not known
        max_turn_cost = None
    providers = {
        name: evolve(provider, recording=absolute(root, provider.recording)) for name, provider in api.providers.items()
    }
    draft.notes += _open_to_readers(providers, draft.line_of)
    for role, why in UNASKED.items():
        if role.value in roles:
            path = f"models.{role}"
            draft.notes.append(f"{path} (line {draft.line_of(path)}) is asked by nothing in this version: {why}")
    sections = ModelSections(
        models=ModelsConfig(roles=roles, recording=absolute(root, recording)), api=ApiConfig(providers=providers)
    )
    for path, message in _contradictions(sections, max_turn_cost):
        entry = find(draft.document, path)
        mark = None if entry is None else entry.key_mark
        draft.problems.append(Problem(message=message, path=".".join(path), mark=mark))
    return sections


def _without_roles(draft: Draft) -> Path | None:
    """Take out of `models` what is no role; give the file of `recording`."""
    entry = draft.table.entries.get("models")
    if entry is None or not isinstance(entry.node, Table):
        return None
    names = [name for name in entry.node.entries if name not in ROLES]
    own = Table(entries={name: entry.node.entries[name] for name in names if name == "recording"}, mark=entry.node.mark)
    roles = entry.node
    for name in names:
        roles = roles.without(name)
        if name != "recording":
            known = (*ROLES, "recording", *unserved_names(("models",)))
            hint = did_you_mean(name, known) or f"the roles are {', '.join(ROLES)}"
            mark = entry.node.entries[name].key_mark
            problem = Problem(message=f"unknown role {name!r}; {hint}", path=f"models.{name}", mark=mark)
            draft.problems.append(problem)
    table = draft.table
    draft.table = table.with_entry("models", evolve(entry, node=own))
    recording = draft.section("models", ModelsLayout).recording
    draft.table = table.with_entry("models", evolve(entry, node=roles))
    return recording


def _contradictions(sections: ModelSections, max_turn_cost: float | None) -> Iterator[tuple[Path_, str]]:
    for name, provider in sections.api.providers.items():
        yield from _about_replay(sections.api, name, provider)
    if max_turn_cost is None:
        return
    for key, role in sections.models.roles.items():
        for choice in role.chain(f"models.{key}"):
            if _is_without_price(sections.api, choice):
                message = (
                    f"max_turn_cost bounds what a turn costs, and api.providers.{choice.provider}.prices says nothing "
                    f"of {choice.model_id!r}: give its prices, 0 if it costs nothing, or remove max_turn_cost"
                )
                yield tuple(choice.path.split(".")), message


def _about_replay(api: ApiConfig, name: str, provider: ProviderConfig) -> Iterator[tuple[Path_, str]]:
    path = ("api", "providers", name)
    is_replay = api.dialect_of(name) == REPLAY
    if is_replay and provider.recording is None:
        yield path, "dialect 'replay' answers from a file: name it as recording"
    if not is_replay and provider.recording is not None:
        message = "only dialect 'replay' answers from a file; models.recording names the one that is written"
        yield (*path, "recording"), message


def _open_to_readers(providers: Mapping[str, ProviderConfig], line_of: LineOf) -> Iterator[str]:
    """Name the endpoints to which a key would go in plain text."""
    for name, provider in providers.items():
        if not isinstance(provider.base_url, str) or not (provider.api_key or provider.headers):
            continue
        parts = urlsplit(provider.base_url)
        if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
            path = f"api.providers.{name}.base_url"
            yield (
                f"{path} (line {line_of(path)}) is plain http to another host: whoever is on the way reads the key, "
                "and all that is said; use https"
            )


def _is_without_price(api: ApiConfig, choice: ModelChoice) -> bool:
    if isinstance(choice.provider, Unset) or isinstance(choice.model_id, Unset):
        return False
    known = api.providers.get(choice.provider)
    return known is None or choice.model_id not in known.prices
