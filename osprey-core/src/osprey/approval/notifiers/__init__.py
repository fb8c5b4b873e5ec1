"""Notifiers: the ways in which people are told of requests. A plugin's come through the same door as the core's.

`notifier_of` builds the one of an entry of `approval.notify`. The settings classes import nothing heavy, because
`osprey config check` imports each that is named.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from osprey.config import structure_settings
from osprey.errors import OspreyError, PluginError

if TYPE_CHECKING:
    from osprey.approval.notifiers.notice import Notice
    from osprey.project import Project


class NotSentError(OspreyError):
    """A notice did not reach whom it is for; the message says why and holds no secret."""


@runtime_checkable
class Notifier(Protocol):
    """What a notifier must be. Structural: nothing is inherited.

    The registration's implementation is called with one argument, its settings, and gives this.
    """

    async def send(self, notice: Notice) -> None:
        """Tell whom the settings name; whoever waits for it waits five seconds at most, then it is cancelled.

        Calls may come from several event loops. A blocking library belongs in a thread. Whatever is raised is recorded
        in the audit, without the secrets of the settings, and nothing else happens: a notice never fails, or delays for
        longer, what it tells of.
        """
        ...


def notifier_of(project: Project, name: str) -> Notifier:
    """Give the notifier of the entry `name` of `approval.notify`, built once with its settings.

    :raises ConfigError: its settings are wrong. :raises PluginError: no plugin provides it, or it is no notifier.
    """
    return project.part(("notifier", name), lambda _: _build(project, name))


def _build(project: Project, name: str) -> Notifier:
    entry = project.config.approval.notify[name]
    implementation: Any = project.registry.resolve("notifiers", entry.via)
    wanted = project.registry.settings_class("notifiers", entry.via)
    # Without a section there is no place in the file that an error could name.
    settings = structure_settings(wanted, entry.settings or {}, f"approval.notify.{name}.settings")
    made: object = implementation(settings)
    if not isinstance(made, Notifier):
        msg = f"notifier {entry.via!r} has no method send(notice): add it to its class"
        raise PluginError(msg)
    return made
