"""Where the chooser of channels sits: whoever brings a model puts it here, and channel finding asks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

from osprey.config import ModelRole

if TYPE_CHECKING:
    from osprey.control.channels.pipelines import Chooser
    from osprey.project import Project


@define
class _Seat:
    chooser: Chooser | None = None


def set_chooser(project: Project, chooser: Chooser | None) -> None:
    """Have channel finding in this project ask a chooser; None: the search alone decides."""
    project.part(_Seat, lambda _: _Seat()).chooser = chooser


def chooser_of(project: Project) -> Chooser | None:
    """Give the chooser of a project: the one that was put here, else the model of `models.channel_finder`; else None.

    `models.default` does not choose channels: the search is exact, quick and free, so whoever wants a model there says
    so.
    """
    seated = project.part(_Seat, lambda _: _Seat()).chooser
    if seated is not None or ModelRole.CHANNEL_FINDER.value not in project.config.models.roles:
        return seated
    from osprey.agent.thinking.choosing import ModelChooser

    return ModelChooser(project)
