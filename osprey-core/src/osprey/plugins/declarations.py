"""Ask one plugin for its registrations, and believe nothing it says unchecked.

pluggy is the layer of declaration and validation: it knows what a hook is called and which arguments it may
take. Each plugin gets a pluggy manager of its own, so that nothing of one can be seen by another, and each
hook is called by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import FunctionType, ModuleType
from typing import cast

import pluggy

from osprey import hookspecs
from osprey.plugins.faults import PhaseFault
from osprey.plugins.kinds import KINDS
from osprey.plugins.points import HOOK_PREFIX
from osprey.plugins.status import Status
from osprey.registrations import Registration

Declarations = dict[str, tuple[Registration, ...]]
"""Extension point -> what one plugin registers there."""

_HOOKS = {f"{HOOK_PREFIX}{point}": point for point in KINDS}


def find_hooks(module: ModuleType, name: str) -> dict[str, Callable[[], object]]:
    """Find the implementations of hooks in a plugin's module, by extension point.

    :raises PhaseFault: a name that is no hook, one that is not marked, or a wrapper.
    :raises pluggy.PluginValidationError: a hook asks for arguments that it does not get.
    """
    manager = pluggy.PluginManager(hookspecs.PROJECT_NAME)
    manager.add_hookspecs(hookspecs)
    manager.register(module, name)
    callers = manager.get_hookcallers(module) or []
    try:
        manager.check_pending()
    except pluggy.PluginValidationError as exc:
        unknown = [c.name for c in callers if not c.has_spec()]
        raise PhaseFault(Status.BROKEN, _unknown_hooks(unknown)) from exc
    _refuse_unmarked(module)
    found: dict[str, Callable[[], object]] = {}
    for caller in callers:
        if not caller.has_spec():  # declared with optionalhook=True: it is for another version of the core
            continue
        for impl in caller.get_hookimpls():
            if impl.wrapper or impl.hookwrapper:
                reason = f"{caller.name} is a hook wrapper, and no plugin may change what another declares"
                raise PhaseFault(Status.BROKEN, f"{reason}: remove wrapper=True")
            found[_HOOKS[caller.name]] = cast("Callable[[], object]", impl.function)
    return found


def _unknown_hooks(names: Iterable[str]) -> str:
    from difflib import get_close_matches

    sentences: list[str] = []
    for name in names:
        near = get_close_matches(name, _HOOKS, n=1)
        known = f"did you mean {near[0]}?" if near else f"the hooks are {', '.join(sorted(_HOOKS))}"
        sentences.append(f"there is no hook {name}: {known}")
    return "; ".join(sentences)


def _refuse_unmarked(module: ModuleType) -> None:
    for hook in _HOOKS:
        function = vars(module).get(hook)
        if type(function) is FunctionType and not hasattr(function, f"{hookspecs.PROJECT_NAME}_impl"):
            reason = f"{hook} is not marked, so it would never be called: put @hookimpl above it"
            raise PhaseFault(Status.BROKEN, reason)


def declare(hooks: dict[str, Callable[[], object]]) -> Declarations:
    """Call each hook of one plugin and check what it yields.

    :raises PhaseFault: a hook raised, or yielded something else than its registrations, or one name twice.
    """
    return {point: registrations for point in sorted(hooks) if (registrations := _called(point, hooks[point]))}


def _called(point: str, hook: Callable[[], object]) -> tuple[Registration, ...]:
    result = hook()
    name, wanted = f"{HOOK_PREFIX}{point}", KINDS[point]
    if not isinstance(result, Iterable) or isinstance(result, str | bytes):
        reason = f"{name} returned {_kind(result)}: yield {wanted.__name__}(...) registrations, or return a list"
        raise PhaseFault(Status.BROKEN, reason)
    checked: dict[str, Registration] = {}
    for item in cast("Iterable[object]", result):
        if not issubclass(type(item), wanted):
            reason = f"{name} yielded {_kind(item)}: it must yield {wanted.__name__}(...) registrations"
            raise PhaseFault(Status.BROKEN, reason)
        registration = cast("Registration", item)
        if registration.name in checked:
            reason = f"{name} yields the name {registration.name!r} twice: rename one"
            raise PhaseFault(Status.BROKEN, reason)
        checked[registration.name] = registration
    return tuple(checked.values())


def _kind(value: object) -> str:
    return "nothing (None)" if value is None else f"a {type(value).__name__}"
