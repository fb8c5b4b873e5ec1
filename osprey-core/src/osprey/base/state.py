"""The state of a turn as capabilities read it: by item or by attribute, under the kernel's names and the seeds'."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, cast

from osprey.base.contexts.context import BESIDE_KEY, CONTEXT_TYPE_KEY, untyped
from osprey.config.closest import did_you_mean
from osprey.journal.process_user import process_user

Load = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Gives a context in full where the state has a handle of it."""


def _as_it_is(context: Mapping[str, Any]) -> Mapping[str, Any]:
    return context


class AgentState(Mapping[str, Any]):
    """A read-only view of a turn's state.

    Beside what the graph keeps there, it answers to the names of the predecessor: `input_output`,
    `capability_context_data`, `current_task`, `user_id`.
    """

    def __init__(self, values: Mapping[str, Any], load: Load = _as_it_is) -> None:
        self._values = values
        self._load = load

    def __getitem__(self, name: str) -> Any:
        if name in self._values:
            return self._values[name]
        if name in _DERIVED:
            return _DERIVED[name](self)
        raise KeyError(name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            return self[name]
        except KeyError as exc:
            msg = f"the state of this turn has no {name!r}; {did_you_mean(name, self) or 'see AgentState'}"
            raise AttributeError(msg) from exc

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._values, *_DERIVED)))

    def __len__(self) -> int:
        return len(set(self._values) | set(_DERIVED))

    def contexts(self) -> dict[str, Mapping[str, Any]]:
        """Give what earlier steps left behind, by context key, as the state has it: large data as previews."""
        found: dict[str, Mapping[str, Any]] = {}
        for key, context in cast("Mapping[str, Mapping[str, Any]]", self._values.get("contexts") or {}).items():
            found[key] = context
            found.update(cast("Mapping[str, Mapping[str, Any]]", context.get(BESIDE_KEY) or {}))
        return found

    def contexts_by_type(self) -> dict[str, dict[str, Mapping[str, Any]]]:
        """Give what earlier steps left behind in full, by context type and then by context key."""
        found: dict[str, dict[str, Mapping[str, Any]]] = {}
        for key, context in self.contexts().items():
            if kind := str(context.get(CONTEXT_TYPE_KEY, "")):
                found.setdefault(kind, {})[key] = untyped(self._load(context))
        return found

    def asked(self) -> str:
        """Give the request: as a standalone task where one was made of it, else in the person's words."""
        return str(self._values.get("task") or self._values.get("user_query", ""))

    def user(self) -> str:
        """Give who asks: a subject such as ``os:alice``."""
        return str(self._values.get("user") or process_user().subject)


_DERIVED: Final[Mapping[str, Callable[[AgentState], Any]]] = {
    "input_output": lambda state: {"user_query": str(state.get("user_query", ""))} if "user_query" in state else {},
    "capability_context_data": AgentState.contexts_by_type,
    "current_task": AgentState.asked,
    "user_id": AgentState.user,
}
