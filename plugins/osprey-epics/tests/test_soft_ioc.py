"""`osprey generate soft-ioc`: what is planned, what is written, and that it starts and serves."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from connecting import Opener

from osprey.api import Bounds, ChannelRecord, ConfigError, DType, Put, Reading, UsageError, load_channels
from osprey.cli.root import osprey
from osprey_epics.soft_ioc.pairs import pair_up
from osprey_epics.soft_ioc.plans import plan_records
from osprey_epics.soft_ioc.program import ChainedBackend, MockStyleBackend, PassthroughBackend
from osprey_epics.soft_ioc.settings import OverlaySettings, SimulationSettings

CHANNELS: list[dict[str, Any]] = [
    {"name": "SR:HCM1:CURRENT:SP", "role": "setpoint", "unit": "A", "description": "corrector"},
    {"name": "SR:HCM1:CURRENT:RB", "unit": "A"},
    {"name": "SR:VALVE:SP", "role": "setpoint", "dtype": "enum", "labels": ["CLOSED", "OPEN", "MOVING"]},
    {"name": "SR:VALVE:RB", "dtype": "enum", "labels": ["CLOSED", "OPEN", "MOVING"]},
    {"name": "SR:DCCT:CURRENT", "description": "Stored beam current", "unit": "mA"},
    {"name": "SR:HCM1:FAULT", "role": "status"},
    {"name": "SR:BPM1:WAVEFORM", "dtype": "float", "length": 16},
    {"name": "SR:TITLE", "role": "setpoint", "dtype": "str"},
    {"name": "SR:COUNT:SP", "role": "setpoint", "dtype": "int"},
]
LIMITS = {"SR:HCM1:CURRENT:SP": {"min_value": -5, "max_value": 5}}
OVERLAY = '''
class Doubler:
    """The read-back of the corrector is twice its set point, and it counts its steps."""

    def __init__(self, start):
        self.steps = start

    def initialize(self, channels):
        assert {"name", "record", "role", "unit", "readback"} <= set(channels[0])
        return {"SR:DCCT:CURRENT": 77.0}

    def on_write(self, channel, value):
        if channel == "SR:TITLE":
            raise RuntimeError("the overlay stumbles")
        if channel != "SR:HCM1:CURRENT:SP":
            return None
        return {channel: value, "SR:HCM1:CURRENT:RB": 2 * value, "SR:NOT:THERE": 1, "SR:VALVE:RB": "OPEN"}

    def step(self, dt):
        self.steps += 1
        return {"SR:COUNT:SP": self.steps}
'''


class Workshop:
    """A project in which soft IOCs are generated and started."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: list[subprocess.Popen[str]] = []
        (folder / "channels.json").write_text(json.dumps(CHANNELS), encoding="utf-8")
        (folder / "limits.json").write_text(json.dumps(LIMITS), encoding="utf-8")
        self.configure()

    def configure(self, simulation: str = "") -> None:
        (self.folder / "config.yml").write_text(
            "control_system:\n  default_target: real\n  targets:\n"
            "    real: {connector: mock, limits: {file: limits.json}}\n" + simulation,
            encoding="utf-8",
        )

    def generate(self, *arguments: str) -> Result:
        command = ["--project", str(self.folder), "generate", "soft-ioc", *arguments]
        # A command has an event loop of its own, and so must not run in a thread that has one already.
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(CliRunner().invoke, osprey, command).result()

    def start(self, program: Path) -> dict[str, int]:
        """Start a generated IOC on free ports; gives them once it serves."""
        environment = {key: value for key, value in os.environ.items() if not key.startswith("EPICS_")}
        command = [sys.executable, str(program), "--port", "0", "--pva-port", "0", "--seed", "1"]
        with (self.folder / "ioc.log").open("w") as log:
            process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=environment)
        self._running.append(process)
        assert process.stdout
        for line in process.stdout:
            if line.startswith("READY"):
                return {key: int(value) for key, _, value in (word.partition("=") for word in line.split()[1:])}
        raise AssertionError((self.folder / "ioc.log").read_text())

    def stop(self) -> list[int]:
        for process in self._running:
            process.send_signal(signal.SIGTERM)
        codes = [process.wait(timeout=30) for process in self._running]
        for process in self._running:
            if process.stdout:
                process.stdout.close()
        self._running.clear()
        return codes


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    made = Workshop(tmp_path)
    yield made
    made.stop()


def _records(*entries: dict[str, Any]) -> list[ChannelRecord]:
    return [ChannelRecord(**entry) for entry in entries]


def _plan(**entry: Any) -> Any:
    [plan] = plan_records(_records({"name": "A:B", **entry}), lambda _: None)
    return plan


@pytest.mark.parametrize(
    ("entry", "record", "labels"),
    [
        ({"dtype": DType.FLOAT, "name": "X:STATUS"}, "a", ()),  # what is declared comes before words
        ({"dtype": DType.INT}, "long", ()),
        ({"dtype": DType.STR}, "string", ()),
        ({"dtype": DType.BOOL, "name": "X:FAULT"}, "bool", ("OK", "FAULT")),
        ({"dtype": DType.ENUM, "labels": ("A", "B", "C")}, "mbb", ("A", "B", "C")),
        ({"dtype": DType.ENUM, "labels": tuple(map(str, range(17)))}, "long", ()),
        ({"labels": ("IN", "OUT")}, "bool", ("IN", "OUT")),
        ({"role": "status"}, "bool", ("OFF", "ON")),
        ({"name": "X:VALVE"}, "bool", ("CLOSED", "OPEN")),
        ({"name": "X:MESSAGE"}, "string", ()),
        ({"name": "X:COUNT"}, "long", ()),
        ({"name": "X:SPECTRUM"}, "Waveform", ()),
        ({"dtype": DType.INT, "length": 5}, "Waveform", ()),
        ({"name": "X:PRESSURE"}, "a", ()),
    ],
)
def test_the_record_follows_the_declared_type_and_then_the_words(
    entry: dict[str, Any], record: str, labels: tuple[str, ...]
) -> None:
    plan = _plan(**entry)
    assert (plan.record, plan.labels) == (record, labels)


def test_texts_are_cut_to_what_a_record_holds() -> None:
    plan = _plan(description="ä" * 60, unit="x" * 40, dtype=DType.ENUM, labels=("y" * 60, "b", "c"))
    assert len(plan.description.encode()) == 38
    assert len(plan.unit) == 15
    assert len(plan.labels[0]) == 25


@pytest.mark.parametrize("name", ["A" * 61, "A.VAL", "Ä:B", "A{1}"])
def test_a_name_that_no_record_can_have_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="cannot be the name of an EPICS record"):
        _plan(name=name)


def test_drive_limits_come_from_the_limits_file_and_first_values_are_within() -> None:
    [plan] = plan_records(_records({"name": "A:SP", "role": "setpoint"}), lambda _: Bounds(3.0, 5.0))
    assert (plan.low, plan.high, plan.initial) == (3.0, 5.0, 3.0)


def _paired(pairings: dict[str, str], *entries: dict[str, Any]) -> dict[str, str]:
    channels = _records(*entries)
    return {plan.name: plan.readback for plan in pair_up(plan_records(channels, lambda _: None), channels, pairings)}


def test_pairs_come_from_the_configuration_then_the_list_then_the_names() -> None:
    entries = [
        {"name": "A:SP", "role": "setpoint", "readback": "A:MON"},
        {"name": "A:MON"}, {"name": "A:RB"}, {"name": "OTHER"},
    ]  # fmt: skip
    assert _paired({"A:SP": "OTHER"}, *entries)["A:SP"] == "OTHER"
    assert _paired({}, *entries)["A:SP"] == "A:MON"
    assert _paired({}, {"name": "A:SP", "role": "setpoint"}, {"name": "A:RB"})["A:SP"] == "A:RB"
    assert _paired({}, {"name": "A:SP", "role": "setpoint"}, {"name": "A:RB", "dtype": DType.STR})["A:SP"] == ""


@pytest.mark.parametrize(
    ("pairings", "message"),
    [
        ({"A:SP": "NOPE"}, "'NOPE' is not among the channels"),
        ({"A:RB": "A:SP"}, "'A:RB' is no set point"),
        ({"A:SP": "T"}, "of different types"),
    ],
)
def test_a_pairing_that_cannot_be_is_named(pairings: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        _paired(pairings, {"name": "A:SP", "role": "setpoint"}, {"name": "A:RB"}, {"name": "T", "dtype": DType.STR})


def _fields(name: str, **more: Any) -> dict[str, Any]:
    plain = {"role": "readback", "dtype": "float", "length": 1, "initial": 0.0, "low": None, "high": None}
    return {"name": name, "readback": "", **plain, **more}


def test_a_read_back_follows_with_a_lag_and_noise() -> None:
    backend = MockStyleBackend(0.01, seed=1)
    first = backend.initialize([_fields("SP", role="setpoint", readback="RB", initial=10.0), _fields("RB")])
    assert first == {"SP": 10.0, "RB": 10.0}
    assert backend.on_write("SP", 20.0) == {"SP": 20.0}
    soon, late = backend.step(0.1)["RB"], backend.step(60)["RB"]
    assert 10.5 < soon < 14
    assert abs(late - 20) < 1
    quiet = MockStyleBackend(0.0)
    quiet.initialize([_fields("SP", role="setpoint", readback="RB"), _fields("RB")])
    assert quiet.step(0.1) == {}


def test_passthrough_shows_what_was_written_at_once() -> None:
    backend = PassthroughBackend()
    backend.initialize([_fields("SP", role="setpoint", readback="RB"), _fields("RB")])
    assert backend.on_write("SP", 3.0) == {"SP": 3.0, "RB": 3.0}
    assert backend.step(1.0) == {}


def test_of_chained_backends_the_last_is_asked_first_and_wins() -> None:
    class Layer:
        def __init__(self, value: float, handles: str) -> None:
            self.value, self.handles = value, handles

        def initialize(self, channels: list[dict[str, Any]]) -> dict[str, Any]:
            return {"A": self.value, self.handles: self.value}

        def on_write(self, channel: str, value: Any) -> dict[str, Any] | None:
            return {channel: self.value} if channel == self.handles else None

        def step(self, dt: float) -> dict[str, Any]:
            return {"A": self.value}

    chain = ChainedBackend([Layer(1, "X"), Layer(2, "X"), Layer(3, "Y")])
    assert chain.initialize([]) == {"A": 3, "X": 2, "Y": 3}
    assert chain.on_write("X", 0) == {"X": 2}
    assert chain.on_write("Z", 0) is None
    assert chain.step(1.0) == {"A": 3}


@pytest.mark.anyio
async def test_a_generated_ioc_serves_channel_access(workshop: Workshop, connect: Opener) -> None:
    out = workshop.folder / "out"
    made = workshop.generate("-c", str(workshop.folder / "channels.json"), "-o", str(out), "--name", "ring")
    assert made.exit_code == 0, made.output
    assert "9 channels" in made.output
    assert "2 set points with a read-back" in made.output
    connector = await connect(workshop.start(out / "ring.py")["port"])
    names = [channel["name"] for channel in CHANNELS]
    results = {r.channel: r for r in await connector.read(names, timeout_s=20)}
    assert all(isinstance(result, Reading) for result in results.values()), results
    info, valve = await connector.describe(["SR:HCM1:CURRENT:SP", "SR:VALVE:SP"], timeout_s=20)
    assert (info.unit, info.drive, info.writable) == ("A", Bounds(-5.0, 5.0), True)
    assert valve.labels == ("CLOSED", "OPEN", "MOVING")
    assert results["SR:BPM1:WAVEFORM"].shape == (16,)
    assert 150 < results["SR:DCCT:CURRENT"].value < 250
    assert results["SR:HCM1:FAULT"].label == "OK"
    puts = [
        Put(channel="SR:HCM1:CURRENT:SP", value=4.0, dtype=DType.FLOAT),
        Put(channel="SR:VALVE:SP", value=1, dtype=DType.ENUM),
        Put(channel="SR:TITLE", value="shift A", dtype=DType.STR),
        Put(channel="SR:COUNT:SP", value=7, dtype=DType.INT),
    ]
    done = await connector.write(puts, timeout_s=20)
    assert [result.error for result in done] == [None] * 4
    after = await connector.read(["SR:VALVE:RB", "SR:TITLE", "SR:COUNT:SP", "SR:HCM1:CURRENT:SP"], timeout_s=20)
    assert [result.value for result in after] == [1, "shift A", 7, 4.0]
    async with connector.subscribe(["SR:HCM1:CURRENT:RB"]) as updates:
        async for [reading] in updates:
            if reading.value > 3.5:  # it follows with a lag
                break
    assert workshop.stop() == [0]


def test_a_generated_ioc_serves_pv_access(workshop: Workshop) -> None:
    workshop.generate("-c", str(workshop.folder / "channels.json"), "-o", str(workshop.folder / "out"))
    port = workshop.start(workshop.folder / "out" / "soft-ioc.py")["pva_port"]
    # p4p and the other EPICS libraries do not share a process.
    program = (
        "import sys; from p4p.client.thread import Context\n"
        "conf = {'EPICS_PVA_NAME_SERVERS': sys.argv[1], 'EPICS_PVA_ADDR_LIST': '', 'EPICS_PVA_AUTO_ADDR_LIST': 'NO'}\n"
        "with Context('pva', conf=conf, useenv=False) as context:\n"
        "    context.put('SR:HCM1:CURRENT:SP', 2.5, timeout=20)\n"
        "    print(float(context.get('SR:HCM1:CURRENT:SP', timeout=20)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, f"127.0.0.1:{port}"], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == "2.5\n", done.stderr


@pytest.mark.anyio
async def test_an_overlay_of_the_facility_is_laid_over_the_base(workshop: Workshop, connect: Opener) -> None:
    (workshop.folder / "overlays").mkdir()
    (workshop.folder / "overlays" / "doubler.py").write_text(OVERLAY, encoding="utf-8")
    workshop.configure(
        "simulation:\n  channel_database: channels.json\n"
        "  ioc: {name: doubled, port: 5099, output_dir: served/here}\n"
        "  base: {type: passthrough, update_rate: 20}\n"
        "  overlays: [{file_path: overlays/doubler.py, class_name: Doubler, params: {start: 1000}}]\n"
    )
    assert workshop.generate().exit_code == 0
    program = workshop.folder / "served" / "here" / "doubled.py"
    assert "PORT = 5099\n" in program.read_text()
    assert "UPDATE_RATE_HZ = 20" in program.read_text()
    connector = await connect(workshop.start(program)["port"])
    [beam] = await connector.read(["SR:DCCT:CURRENT"], timeout_s=20)
    assert beam.value == 77.0
    puts = [Put(channel="SR:HCM1:CURRENT:SP", value=2.0, dtype=DType.FLOAT)]
    puts += [Put(channel="SR:TITLE", value="x", dtype=DType.STR)]
    assert [result.error for result in await connector.write(puts, timeout_s=20)] == [None, None]
    names = ["SR:HCM1:CURRENT:RB", "SR:VALVE:RB", "SR:COUNT:SP", "SR:TITLE"]
    readback, valve, count, title = await connector.read(names, timeout_s=20)
    assert (readback.value, valve.label, title.value) == (4.0, "OPEN", "x")
    assert count.value > 1000
    workshop.stop()
    log = (workshop.folder / "ioc.log").read_text()
    assert "the overlay stumbles" in log
    assert "SR:NOT:THERE: there is no such channel" in log


def test_pairings_of_the_configuration_are_used(workshop: Workshop) -> None:
    workshop.configure(
        "simulation:\n  channel_database: channels.json\n  base: {type: mock_style, noise_level: 0.25}\n"
        '  pairings: {"SR:HCM1:CURRENT:SP": "SR:DCCT:CURRENT"}\n'
    )
    assert workshop.generate().exit_code == 0
    text = (workshop.folder / "generated_iocs" / "soft-ioc.py").read_text()
    assert "readback='SR:DCCT:CURRENT'" in text
    assert "NOISE_LEVEL = 0.25\n" in text


def test_osprey_reads_and_writes_the_ioc_with_the_snippet_beside_it(workshop: Workshop) -> None:
    out = workshop.folder / "out"
    workshop.generate("-c", str(workshop.folder / "channels.json"), "-o", str(out))
    port = workshop.start(out / "soft-ioc.py")["port"]
    project = workshop.folder / "user"
    project.mkdir()
    snippet = (out / "soft-ioc.config.yml").read_text()
    (project / "config.yml").write_text(snippet.replace("port: 5064", f"port: {port}"), encoding="utf-8")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        program = "import sys; from osprey.cli import main; sys.exit(main(sys.argv[1:]))"
        command = [sys.executable, "-c", program, "--project", str(project), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=90)

    read = run("channels", "read", "SR:HCM1:CURRENT:SP.VAL", "SR:HCM1:CURRENT:SP.DESC", "SR:VALVE:RB", "--json")
    value, description, valve = json.loads(read.stdout)
    assert (value["value"], value["unit"]) == (0.0, "A")
    assert (description["value"], valve["label"]) == ("corrector", "CLOSED")
    [info] = json.loads(run("channels", "info", "SR:HCM1:CURRENT:SP", "--json").stdout)
    assert (info["writable"], info["system"]["name"]) == (True, "SR:HCM1:CURRENT:SP")
    asked = run("channels", "write", "SR:HCM1:CURRENT:SP=3")
    assert asked.returncode == 4, asked.stderr
    [row] = json.loads(run("approvals", "list", "--json").stdout)
    run("approvals", "approve", row["id"], "--hash", row["hash"][:8])
    assert "confirmed" in run("resume", row["thread"]).stdout
    refused = run("channels", "write", "SR:HCM1:CURRENT:SP", "6")
    assert (refused.returncode, "native.max" in refused.stdout) == (3, True)
    watched = run("channels", "watch", "SR:HCM1:CURRENT:RB", "--count", "2", "--json")
    assert [json.loads(line)["channel"] for line in watched.stdout.splitlines()] == ["SR:HCM1:CURRENT:RB"] * 2


def test_a_channel_that_goes_away_is_shown_as_disconnected(workshop: Workshop) -> None:
    out = workshop.folder / "out"
    workshop.generate("-c", str(workshop.folder / "channels.json"), "-o", str(out))
    port = workshop.start(out / "soft-ioc.py")["port"]
    (workshop.folder / "config.yml").write_text(
        f"control_system:\n  targets:\n    ioc: {{connector: epics, settings: {{address: 127.0.0.1, port: {port}}}}}\n",
        encoding="utf-8",
    )
    program = "import sys; from osprey.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-u", "-c", program, "--project", str(workshop.folder), "channels", "watch", "SR:TITLE"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as watching:
        assert watching.stdout
        assert "SR:TITLE" in watching.stdout.readline()
        workshop.stop()
        assert "DISCONNECTED" in watching.stdout.readline()
        watching.send_signal(signal.SIGINT)
        assert watching.wait(timeout=30) == 0


def test_a_dry_run_says_what_and_writes_nothing(workshop: Workshop) -> None:
    out = workshop.folder / "out"
    options = ["-c", str(workshop.folder / "channels.json"), "-o", str(out)]
    result = workshop.generate(*options, "--dry-run", "--limit", "2", "--filter-pattern", "HCM1")
    assert "2 channels" in result.output
    assert "would write" in result.output
    assert not out.exists()


def test_what_is_there_stays_unless_it_is_forced(workshop: Workshop) -> None:
    options = ["-c", str(workshop.folder / "channels.json"), "-o", str(workshop.folder / "out")]
    workshop.generate(*options)
    again = workshop.generate(*options)
    assert "is there already" in str(again.exception)
    assert workshop.generate(*options, "--limit", "1", "--force").exit_code == 0
    assert len(load_channels(workshop.folder / "out" / "soft-ioc.channels.json")) == 1


def test_many_channels_are_warned_of(workshop: Workshop) -> None:
    options = ["-c", str(workshop.folder / "channels.json"), "--dry-run"]
    assert "warning: 9 channels" in workshop.generate(*options, "--pv-count-warning-threshold", "8").output
    assert "warning" not in workshop.generate(*options).output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "there is no channel list"),
        (["-c", "channels.json", "--filter-pattern", "("], "is no regular expression"),
        (["-c", "channels.json", "--filter-pattern", "NOPE"], "none of 9 channels matches"),
        (["-c", "channels.json", "--name", "a/b"], "cannot be a file's"),
        (["-c", "channels.json", "-o", "channels.json/x"], "cannot be written"),
    ],
)
def test_a_mistake_is_named(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch, arguments: list[str], message: str
) -> None:
    monkeypatch.chdir(workshop.folder)
    assert message in str(workshop.generate(*arguments).exception)


def test_a_predecessors_database_is_served_too(workshop: Workshop) -> None:
    database = {"channels": [{"template": True, "base_name": "BPM", "instances": [1, 3], "sub_channels": ["X", "Y"]}]}
    (workshop.folder / "old.json").write_text(json.dumps(database), encoding="utf-8")
    result = workshop.generate("-c", str(workshop.folder / "old.json"))
    assert "6 channels" in result.output
    assert workshop.start(workshop.folder / "generated_iocs" / "soft-ioc.py")["channels"] == 6


def test_a_section_to_start_from_is_added_once(workshop: Workshop) -> None:
    workshop.configure("# a remark that stays\n")
    assert workshop.generate("--init").exit_code == 0
    text = (workshop.folder / "config.yml").read_text()
    assert "# a remark that stays" in text
    assert "has a `simulation` section already" in str(workshop.generate("--init").exception)
    assert workshop.generate("-c", str(workshop.folder / "channels.json"), "--dry-run").exit_code == 0
    checked = CliRunner().invoke(osprey, ["--project", str(workshop.folder), "config", "check"])
    assert checked.exit_code == 0, checked.output


@pytest.mark.parametrize(
    ("simulation", "message"),
    [
        ("{base: {type: magic}}", "simulation.base.type"),
        ("{base: {noise_level: -1}}", "noise_level"),
        ("{base: {update_rate: 0}}", "update_rate"),
        ("{ioc: {port: 80}}", "port 80"),
        ("{iok: {}}", "unknown key 'iok'"),
        ("{overlays: [{class_name: A}]}", "give file_path or module_path"),
        ("[1]", "expected a section"),
    ],
)
def test_a_wrong_key_of_the_section_is_named(workshop: Workshop, simulation: str, message: str) -> None:
    workshop.configure(f"simulation: {simulation}\n")
    assert message in str(workshop.generate("-c", str(workshop.folder / "channels.json"), "--dry-run").exception)


def test_an_overlay_whose_file_is_not_there_is_named(workshop: Workshop) -> None:
    workshop.configure("simulation: {overlays: [{class_name: A, file_path: nowhere.py}]}\n")
    assert "there is no file" in str(workshop.generate("-c", str(workshop.folder / "channels.json")).exception)
    assert SimulationSettings().overlays == ()
    with pytest.raises(ValueError, match="one of them only"):
        OverlaySettings(class_name="A", file_path="a.py", module_path="a")


def test_an_overlay_is_never_imported_by_osprey(workshop: Workshop) -> None:
    (workshop.folder / "bomb.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    workshop.configure(
        "simulation: {overlays: [{class_name: A, file_path: bomb.py}, {class_name: B, module_path: b}]}\n"
    )
    made = workshop.generate("-c", str(workshop.folder / "channels.json"))
    assert made.exit_code == 0, made.output
    assert "'module_path': 'b'" in (workshop.folder / "generated_iocs" / "soft-ioc.py").read_text()
