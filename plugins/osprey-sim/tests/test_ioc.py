"""The ring as a real IOC: served in one process, asked over Channel Access from another."""

from __future__ import annotations

import json
import math
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from attrs import field, frozen

from osprey.api import ArchiveSpan, ConnectContext, Reading, UsageError
from osprey_sim.archiver import SimArchiver
from osprey_sim.connector import SimConnector
from osprey_sim.history import History
from osprey_sim.ioc import claim_port, server_environment
from osprey_sim.settings import SimSettings

# Neither softioc nor pyepics may be imported here: a process that holds one cannot use the other.
pytestmark = pytest.mark.ioc

HCM03 = "SR:S02:HCM03:CURRENT:SP"


@frozen
class Served:
    """A served ring and a client of it."""

    process: subprocess.Popen[str]
    client: subprocess.Popen[str] = field()
    state: Path
    ready: str

    def ask(self, op: str, **request: Any) -> Any:
        assert self.client.stdin is not None
        assert self.client.stdout is not None
        self.client.stdin.write(json.dumps({"op": op, **request}) + "\n")
        self.client.stdin.flush()
        answer = self.client.stdout.readline()
        assert answer, "the client died"
        return json.loads(answer)


def start_server(*args: str) -> tuple[subprocess.Popen[str], str]:
    command = [sys.executable, "-m", "osprey_sim", "serve", "--epics", *args]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("READY "):
            return process, line.strip()
    pytest.fail(f"the server ended with {process.wait()} and never was ready")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    state = tmp_path_factory.mktemp("served") / "r.jsonl"
    process, ready = start_server("--state", str(state), "--seed", "3", "--rate", "10")
    port = re.search(r"port=(\d+)", ready)
    assert port is not None
    script = Path(__file__).with_name("ca_client.py")
    client = subprocess.Popen(
        [sys.executable, str(script), port[1]],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    yield Served(process, client, state, ready)
    client.kill()
    client.communicate()
    process.terminate()
    process.communicate(timeout=30)


def setpoints_in(path: Path) -> list[dict[str, float]]:
    history = History(path)
    history.refresh()
    return [dict(change.setpoints) for change in history.changes if change.setpoints]


@pytest.mark.ioc
def test_the_ready_line_names_port_seed_state_and_channels(served: Served) -> None:
    assert f"seed=3 state={served.state}" in served.ready
    assert re.fullmatch(r"READY port=\d+ channels=\d+ seed=3 state=.*", served.ready)


@pytest.mark.ioc
def test_every_channel_of_the_list_answers(served: Served) -> None:
    from osprey_sim.catalogue import ring_catalogue

    names = [channel.record.name for channel in ring_catalogue().channels]
    values = served.ask("connect", names=names)
    assert len(values) == len(names)
    assert None not in values


@pytest.mark.ioc
def test_a_record_has_unit_limits_and_description(served: Served) -> None:
    info = served.ask("describe", name=HCM03)
    assert info["units"] == "A"
    assert info["precision"] == 4
    assert (info["lower_ctrl_limit"], info["upper_ctrl_limit"]) == (-5.0, 5.0)
    assert served.ask("describe", name="SR:S04:VG07:PRESSURE:RB")["upper_alarm_limit"] == 2e-8
    assert served.ask("text", name=f"{HCM03}.DESC") == "Horizontal corrector HCM03 current"


@pytest.mark.ioc
def test_an_alias_leads_to_the_record_of_the_canonical_name(served: Served) -> None:
    assert served.ask("text", name="HCM03:SP.NAME") == HCM03


@pytest.mark.ioc
def test_a_put_moves_the_supply_and_the_orbit_and_stands_in_the_history(served: Served) -> None:
    before = served.ask("get", name="SR:S03:BPM09:X:RB")["value"]
    assert served.ask("put", name="SR:S03:HCM05:CURRENT:SP", value=2.5) == 1
    # The put is complete: the history has it already.
    assert setpoints_in(served.state)[-1] == {"SR:S03:HCM05:CURRENT:SP": 2.5}
    shown = served.ask("wait_for", name="SR:S03:HCM05:CURRENT:RB", low=2.499, high=2.501)
    assert shown["value"] == pytest.approx(2.5, abs=1e-3)
    after = served.ask("wait_for", name="SR:S03:BPM09:X:RB", low=before + 0.2, high=before + 9)
    assert after["value"] > before + 0.2
    assert abs(time.time() - after["timestamp"]) < 60


@pytest.mark.ioc
def test_a_value_beyond_the_drive_limits_is_clipped_as_epics_does(served: Served) -> None:
    name = "SR:S05:VCM09:CURRENT:SP"
    assert served.ask("put", name=name, value=400.0) == 1
    assert served.ask("get", name=name)["value"] == 5.0
    assert setpoints_in(served.state)[-1] == {name: 5.0}
    served.ask("put", name=name, value=0.0)


@pytest.mark.ioc
def test_a_value_that_is_no_number_changes_nothing(served: Served) -> None:
    name = "SR:S06:VCM11:CURRENT:SP"
    before, rows = served.ask("get", name=name)["value"], len(setpoints_in(served.state))
    served.ask("put", name=name, value=math.nan)
    assert served.ask("get", name=name)["value"] == before
    assert len(setpoints_in(served.state)) == rows


@pytest.mark.ioc
def test_what_is_measured_cannot_be_put(served: Served) -> None:
    served.ask("put", name="SR:S02:HCM04:STATE:RB", value=0)
    assert served.ask("get", name="SR:S02:HCM04:STATE:RB")["value"] == 1


@pytest.mark.ioc
def test_what_another_process_sets_or_breaks_is_shown(served: Served) -> None:
    other = History(served.state)
    other.append({"SR:S07:HCM13:CURRENT:SP": 0.75})
    assert served.ask("wait_for", name="SR:S07:HCM13:CURRENT:SP", low=0.75, high=0.75)["value"] == 0.75
    other.append(fault="trip", device="VCM13", is_on=True)
    state = served.ask("wait_for", name="SR:S07:VCM13:STATE:RB", low=2, high=2)
    assert (state["value"], state["severity"]) == (2, 2)
    assert served.ask("text", name="SR:S07:VCM13:STATE:RB") == "FAULT"
    other.append(fault="trip", device="VCM13", is_on=False)
    assert served.ask("wait_for", name="SR:S07:VCM13:STATE:RB", low=1, high=1)["severity"] == 0


@pytest.mark.ioc
def test_a_leak_raises_the_alarm_of_the_record(served: Served) -> None:
    other = History(served.state)
    other.append(fault="leak", device="VG20", is_on=True)
    shown = served.ask("wait_for", name="SR:S09:VG20:PRESSURE:RB", low=2e-8, high=1)
    assert shown["severity"] == 2
    other.append(fault="leak", device="VG20", is_on=False)


@pytest.mark.ioc
def test_without_beam_the_monitors_are_invalid(served: Served) -> None:
    served.ask("put", name="SR:S12:RF01:VOLTAGE:SP", value=0.0)
    assert served.ask("wait_for", name="SR:S01:DCCT01:CURRENT:RB", low=-1, high=1)["severity"] == 2
    assert served.ask("wait_for", name="SR:S01:BPM01:X:RB", low=0, high=0)["severity"] == 3
    served.ask("put", name="SR:S12:RF01:VOLTAGE:SP", value=1.6)
    assert served.ask("wait_for", name="SR:S01:DCCT01:CURRENT:RB", low=10, high=600)["value"] > 10


@pytest.mark.ioc
def test_connector_and_archiver_on_the_served_state_show_the_same_ring(served: Served, tmp_path: Path) -> None:
    served.ask("put", name="SR:S11:HCM21:CURRENT:SP", value=1.25)
    settings = SimSettings(state=served.state)

    async def look() -> tuple[Any, list[Any]]:
        context = ConnectContext(target="epics", settings=settings, state_dir=tmp_path)
        connector, archiver = await SimConnector.connect(context), await SimArchiver.connect(context)
        (reading,) = await connector.read(["HCM21:SP"], timeout_s=5)
        change = History(served.state)
        change.refresh()
        row = next(c for c in change.changes if "SR:S11:HCM21:CURRENT:SP" in c.setpoints)
        span = ArchiveSpan(start_ns=row.t_ns - 5 * 10**9, end_ns=row.t_ns)
        (series,) = await archiver.fetch(["HCM21:SP"], span, timeout_s=5)
        return reading, list(series.values)

    reading, past = anyio.run(look)
    assert isinstance(reading, Reading)
    assert reading.value == 1.25
    assert len(past) == 5
    assert 1.25 not in past


@pytest.mark.ioc
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_server_ends_cleanly_when_it_is_told_to(tmp_path: Path, how: signal.Signals) -> None:
    process, _ = start_server("--state", str(tmp_path / "r.jsonl"))
    process.send_signal(how)
    process.communicate(timeout=30)
    assert process.returncode == 0


@pytest.mark.ioc
def test_a_port_that_is_taken_is_a_usage_error(tmp_path: Path) -> None:
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        holder.listen()
        port = str(holder.getsockname()[1])
        command = [sys.executable, "-m", "osprey_sim", "serve", "--epics", "--port", port]
        command += ["--state", str(tmp_path / "r.jsonl")]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert ended.returncode == 2
    assert f"port {port} on 127.0.0.1 cannot be used" in ended.stderr


def test_a_free_port_is_found() -> None:
    assert 1024 < claim_port("127.0.0.1", 0) <= 65535


def test_a_port_that_something_listens_on_is_refused() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as holder:
        holder.bind(("127.0.0.1", 0))
        with pytest.raises(UsageError, match="another --port, or 0"):
            claim_port("127.0.0.1", holder.getsockname()[1])


def test_the_server_stays_on_its_interface() -> None:
    environment = server_environment("127.0.0.1", 5064)
    assert environment["EPICS_CAS_INTF_ADDR_LIST"] == "127.0.0.1"
    assert environment["EPICS_CAS_AUTO_BEACON_ADDR_LIST"] == "NO"
    assert environment["EPICS_CAS_SERVER_PORT"] == "5064"
