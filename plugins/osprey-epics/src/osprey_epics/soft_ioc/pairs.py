"""Which read-back follows which set point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import evolve

from osprey.api import ChannelRecord, ConfigError
from osprey_epics.soft_ioc.plans import Plan

_TAILS = (("SP", "RB"), ("SET", "GET"), ("SetPoint", "ReadBack"), ("Setpoint", "Readback"), ("SP", "RBV"))


def pair_up(plans: Sequence[Plan], channels: Sequence[ChannelRecord], pairings: Mapping[str, str]) -> list[Plan]:
    """Give each set point its read-back: by `pairings`, else as the list says, else by names that differ in their end.

    :raises ConfigError: `pairings` names a channel that the IOC does not have, or two of different types.
    """
    by_name = {plan.name: plan for plan in plans}
    listed = {channel.name: channel.readback for channel in channels if channel.readback in by_name}
    _check(by_name, pairings)
    paired: list[Plan] = []
    for plan in plans:
        back = pairings.get(plan.name) or listed.get(plan.name) or _by_tail(plan, by_name)
        is_fit = back is not None and plan.role == "setpoint" and back != plan.name and _fits(plan, by_name[back])
        paired.append(evolve(plan, readback=back) if back and is_fit else plan)
    return paired


def _check(by_name: Mapping[str, Plan], pairings: Mapping[str, str]) -> None:
    for setpoint, back in pairings.items():
        for name in (setpoint, back):
            if name not in by_name:
                msg = f"simulation.pairings: {name!r} is not among the channels of the IOC"
                raise ConfigError(msg)
        if by_name[setpoint].role != "setpoint":
            msg = f"simulation.pairings: {setpoint!r} is no set point: give it `role: setpoint` in the channel list"
            raise ConfigError(msg)
        if not _fits(by_name[setpoint], by_name[back]):
            msg = f"simulation.pairings: {setpoint!r} and {back!r} are of different types"
            raise ConfigError(msg)


def _fits(setpoint: Plan, back: Plan) -> bool:
    return (setpoint.record, setpoint.length) == (back.record, back.length) and back.role != "setpoint"


def _by_tail(plan: Plan, by_name: Mapping[str, Plan]) -> str | None:
    for tail, other in _TAILS:
        if plan.name.endswith(tail) and (back := plan.name.removesuffix(tail) + other) in by_name:
            return back
    return None
