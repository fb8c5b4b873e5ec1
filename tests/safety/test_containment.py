"""Nothing gets through: a fixed sample of the programs here, all of them in `make proof`."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.safety import plain
from tests.safety.containment import Ground, open_ground
from tests.safety.corpus import Program, load, sample
from tests.safety.host import open_host
from tests.safety.oracle import Oracle, open_ioc
from tests.safety.tiers import tiers

pytestmark = [pytest.mark.sandbox, pytest.mark.ioc]

PROGRAMS = load()
LANDING = ("pyepics/value_property", "p4p/put_list", "transport/ca_by_hand")
REACHING = {
    "files/change_setpoint_file": "setpoints.yml was changed",
    "network/tcp_to_host": "tcp listener was reached",
    "network/udp_beacon": "udp listener was reached",
    "network/unix_socket_of_host": "unix listener was reached",
    "processes/pidfd_and_tgkill": "a process of the host was killed",
    "processes/double_fork_daemon": "survived its run",
    "secrets/environment_dump": "handed over as plain text",
    "secrets/hidden_in_results": "handed over as base 64",
}


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """One loop for the whole module: the runner and its connector live as long as that."""
    return "asyncio"


@pytest.fixture(scope="module")
async def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    async with open_ground(tmp_path_factory.mktemp("ground"), request.param) as made:
        yield made


@pytest.fixture(scope="module")
def oracle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    """An IOC for what runs with nothing around it."""
    with open_ioc(tmp_path_factory.mktemp("plain")) as made:
        yield made


def trials() -> list[Any]:
    """Give the sample at the best tier, and a third of it, always another one, at each of the others."""
    pairs = (
        (tier, program)
        for place, tier in enumerate(tiers())
        for number, program in enumerate(sample(PROGRAMS))
        if place == 0 or number % 3 == place % 3
    )
    return [pytest.param(tier, program, id=f"{tier}-{program.name}") for tier, program in pairs]


@pytest.mark.anyio
@pytest.mark.parametrize(("ground", "program"), trials(), indirect=["ground"])
async def test_nothing_of_a_program_gets_through(ground: Ground, program: Program) -> None:
    for trial in await ground.try_out(program):
        assert not trial.faults, (trial.mode, trial.outcome.status, trial.outcome.error)


@pytest.mark.parametrize("name", LANDING)
def test_the_oracle_sees_what_a_plain_process_writes(name: str, oracle: Oracle, tmp_path: Path) -> None:
    oracle.new_puts()
    with open_host(tmp_path) as host:
        plain.run(named(f"writes/{name}"), oracle, host, tmp_path)
    assert oracle.new_puts()


@pytest.mark.parametrize("name", REACHING)
def test_the_canaries_see_what_a_plain_process_does(name: str, oracle: Oracle, tmp_path: Path) -> None:
    with open_host(tmp_path) as host:
        told = plain.run(named(f"dangerous/{name}"), oracle, host, tmp_path)
        faults = [*host.leaks(told), *host.faults()]
        assert any(REACHING[name] in fault for fault in faults), faults


def named(name: str) -> Program:
    return next(program for program in PROGRAMS if program.name == name)
