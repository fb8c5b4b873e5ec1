"""A configuration as it can be compared with an earlier one: values without secrets, digests of secrets and limits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import evolve, field, frozen

if TYPE_CHECKING:
    from osprey.config import Config

_MOST_DIGESTS: Final = 16
"""Of one secret that the environment gives: everybody has their own, and none of them is a change."""


@frozen(kw_only=True)
class State:
    """What is compared and stored."""

    values: Mapping[str, Any]
    """By dotted key, secrets masked, files below the project's folder relative to it."""
    secrets: Mapping[str, tuple[str, ...]]
    """Keyed digests of what `values` does not show, by the key in the file; the newest last."""
    limits: Mapping[str, str]
    """The hash of each target's limits file; why there is none, if it cannot be read."""
    from_environment: frozenset[str] = field(factory=frozenset[str])
    """Secrets that the environment of this process gives."""
    unset: frozenset[str] = field(factory=frozenset[str])
    """Keys whose variable this process does not have: of them it knows nothing."""


@frozen
class Change:
    """One key with its value before and after; a secret has the same mask twice."""

    key: str
    old: Any
    new: Any


def state_of(config: Config, digest: Callable[[str, str], str]) -> State:
    """Give the state of a configuration.

    :param digest: makes the digest of the secret at a key.
    """
    from osprey.config import config_to_plain
    from osprey.config.nodes import scalars
    from osprey.config.plain import leaves
    from osprey.config.secrets import is_secret
    from osprey.config.section import show_value

    found = [(".".join(path), path, scalar) for path, scalar in scalars(config.document.node)]
    references = {scalar.source for _, _, scalar in found if scalar.missing}
    plain = {
        ".".join(path): as_stored(_relative(value, config.root)) for path, value in leaves(config_to_plain(config))
    }
    targets = config.control_system.targets
    hashes = {file: _hash_of(file) for file in {target.limits.file for target in targets.values()}}
    secrets: dict[str, tuple[str, ...]] = {}
    from_environment: set[str] = set()
    for key, path, scalar in found:
        shown = show_value(scalar.value, secret=is_secret(path, scalar.variables))
        if not scalar.missing and str(shown) != str(scalar.value):
            secrets[key] = (digest(key, str(scalar.value)),)
            from_environment |= {key} if scalar.variables else set()
    return State(
        values=plain,
        secrets=secrets,
        limits={name: hashes[target.limits.file] for name, target in targets.items()},
        from_environment=frozenset(from_environment),
        unset=frozenset(key for key, value in plain.items() if isinstance(value, str) and value in references),
    )


def as_stored(value: Any) -> Any:
    """Give a value as it comes back from the database: JSON, in which no number is infinite."""
    return json.loads(json.dumps(value, default=str), parse_constant=str)


def merged(old: State, new: State) -> State:
    """Give what is stored after `new` was seen: of what it knows nothing, `old` still stands."""
    values = {**new.values, **{key: old.values[key] for key in new.unset if key in old.values}}
    kept = {key: digests for key, digests in old.secrets.items() if key in new.unset}
    secrets = {key: _joined(old.secrets.get(key, ()), digests, key, new) for key, digests in new.secrets.items()}
    return evolve(new, values=values, secrets={**kept, **secrets})


def changes_between(old: State, new: State) -> Iterator[Change]:
    """Give every key that has changed, in order."""
    changed = {key for key in old.values.keys() | new.values.keys() if old.values.get(key) != new.values.get(key)}
    for key in sorted(changed):
        yield Change(key, old.values.get(key), new.values.get(key))
    for key in sorted(new.secrets.keys() & old.secrets.keys() - changed):
        if new.secrets[key] != old.secrets[key]:
            yield Change(key, new.values.get(key), new.values.get(key))


def _joined(old: tuple[str, ...], digests: tuple[str, ...], key: str, new: State) -> tuple[str, ...]:
    if key not in new.from_environment:
        return digests
    return old if digests[-1] in old else (*old, *digests)[-_MOST_DIGESTS:]


def _relative(value: Any, root: Path) -> Any:
    """Take the project's folder off a path: it may be reached by several names."""
    below = f"{root}/"
    return value.removeprefix(below) if isinstance(value, str) else value


def _hash_of(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except FileNotFoundError:
        return "missing"
    except OSError as exc:
        return f"unreadable: {exc.strerror}"
