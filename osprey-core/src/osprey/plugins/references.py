"""Turn ``"module:Qual.name"`` into the object, and every way that this can fail into one sentence."""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType

from osprey.errors import PluginError
from osprey.plugins.compatibility import install_hint
from osprey.plugins.faults import describe
from osprey.plugins.journey import Loaded
from osprey.plugins.modules import is_present
from osprey.plugins.points import noun
from osprey.registrations import Registration


def resolve(owner: Loaded, point: str, registration: Registration, reference: str) -> object:
    """Import what `reference` of one registration names.

    :raises PluginError: it names the entry, the plugin, the reference and the remedy.
    """
    what = f"{noun(point)} {registration.name!r} of {owner.candidate.label}"
    for module in registration.requires:
        if not _is_present(module):
            raise PluginError(f"{what} needs the module {module!r}, which is not installed: {_hint(owner, module)}")
    module_name, _, qualname = reference.partition(":")
    try:
        return _attribute(import_module(module_name), qualname)
    except AttributeError as exc:
        near = _near(module_name, qualname)
        raise PluginError(f"{what} cannot be loaded from {reference!r}: {describe(exc)}{near}") from exc
    except ModuleNotFoundError as exc:
        hint = f": {_hint(owner, exc.name)}" if type(exc.name) is str else ""
        raise PluginError(f"{what} cannot be loaded from {reference!r}: {describe(exc)}{hint}") from exc
    except (Exception, SystemExit) as exc:
        see = f"see osprey plugins doctor {owner.candidate.name}"
        raise PluginError(f"{what} cannot be loaded from {reference!r}: {describe(exc)}; {see}") from exc


def _attribute(module: ModuleType, qualname: str) -> object:
    found: object = module
    for part in qualname.split("."):
        found = getattr(found, part)
    return found


def _is_present(module: str) -> bool:
    try:
        return is_present(module)
    except (Exception, SystemExit):  # noqa: BLE001 - an import hook of some package; the import itself will tell
        return True


def _hint(owner: Loaded, module: str) -> str:
    candidate = owner.candidate
    if module.partition(".")[0] == candidate.module.partition(".")[0]:
        if not candidate.distribution:
            return f"correct the reference in {candidate.file}"
        again = f"pip install --force-reinstall {candidate.distribution}"
        return f"the reference is wrong, or its files are damaged; {again}"
    return install_hint(module, candidate.distribution, candidate.requires)


def _near(module_name: str, qualname: str) -> str:
    from difflib import get_close_matches

    module = sys.modules.get(module_name)
    names = [name for name in vars(module) if not name.startswith("_")] if type(module) is ModuleType else []
    near = get_close_matches(qualname, names, n=1)
    return f"; did you mean {module_name}:{near[0]}?" if near else ""
