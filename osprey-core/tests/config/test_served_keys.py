"""Every key that is read has its effect; every other known key is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from osprey.config import ApprovalMode, Config, ExecutionMethod, GlobalMode
from osprey.config.known import UNSERVED
from osprey.config.schema import GuardMode, Sandbox
from osprey.config.turns import AgentControl, OrchestrationMode
from osprey.errors import ConfigError

Load = Callable[..., Config]


def test_facility(load: Load) -> None:
    facility = load("facility: {name: the ring, time_zone: Europe/Zurich}").facility
    assert (facility.name, facility.time_zone) == ("the ring", "Europe/Zurich")


def test_approval(load: Load) -> None:
    approval = load(
        "approval:\n  expires_after_s: 60\n  global_mode: all_capabilities\n"
        "  capabilities: {memory: {enabled: true}, python_execution: {mode: all_code}}\n"
    ).approval
    assert (approval.expires_after_s, approval.global_mode) == (60.0, GlobalMode.ALL_CAPABILITIES)
    assert approval.capabilities["memory"].enabled
    assert approval.capabilities["python_execution"].mode is ApprovalMode.ALL_CODE


def test_execution(load: Load) -> None:
    execution = load(
        "execution: {code_generator: g, execution_method: local, memory_limit_mb: 1, max_processes: 2,\n"
        "  output_limit_kb: 3, disk_limit_mb: 4, generators: {g: {a: 1}}, modes: {read_only: {allows_writes: false}}}\n"
        "python_executor: {execution_timeout_seconds: 5, max_generation_retries: 0, max_execution_retries: 7}\n"
    ).execution
    assert (execution.code_generator, execution.execution_method) == ("g", ExecutionMethod.LOCAL)
    limits = (execution.memory_limit_mb, execution.max_processes, execution.output_limit_kb, execution.disk_limit_mb)
    assert limits == (1, 2, 3, 4)
    assert execution.execution_timeout_seconds == 5.0
    assert (execution.max_generation_retries, execution.max_execution_retries) == (0, 7)
    assert execution.generators == {"g": {"a": 1}}
    assert execution.modes["read_only"].allows_writes is False


def test_what_holds_generated_python(load: Load, tmp_path: Path) -> None:
    assert load("{}").execution.sandbox is Sandbox.AUTO
    execution = load(
        "execution: {sandbox: landlock, max_concurrent_runs: 7,\n"
        "  local: {mounts: [/opt/facility, packages], preload: [numpy, pandas], keep_warm_s: 0}}\n"
    ).execution
    assert (execution.sandbox, execution.max_concurrent_runs) == (Sandbox.LANDLOCK, 7)
    assert execution.mounts == (Path("/opt/facility"), tmp_path / "packages")
    assert (execution.preload, execution.keep_warm_s) == (("numpy", "pandas"), 0.0)


@pytest.mark.parametrize("text", ["sandbox: docker", "max_concurrent_runs: 0", "local: {keep_warm_s: -1}"])
def test_a_sandbox_that_makes_no_sense_is_refused(load: Load, text: str) -> None:
    with pytest.raises(ConfigError, match=text.split(":")[0]):
        load(f"execution: {{{text}}}")


def test_plugins_storage_and_the_bound_of_a_turn(load: Load, tmp_path: Path) -> None:
    config = load(
        "plugins: {require: ['osprey-epics>=0.1'], disable: [sim]}\nstorage: {path: state}\n"
        "execution_control: {limits: {graph_recursion_limit: 7}}\n"
    )
    assert (config.plugins.require, config.plugins.disable) == (("osprey-epics>=0.1",), ("sim",))
    assert config.storage.path == tmp_path / "state"
    assert config.turn_limits.graph_recursion_limit == 7
    assert load("").storage.path == tmp_path / ".osprey"


def test_how_questions_are_worked_on(load: Load) -> None:
    control = load(
        "execution_control:\n  limits: {max_steps: 7}\n  agent_control:\n    orchestration_mode: react\n"
        "    planning_mode_enabled: true\n    task_extraction_bypass_enabled: true\n"
        "    capability_selection_bypass_enabled: true\n"
    )
    assert control.agent_control == AgentControl(
        orchestration_mode=OrchestrationMode.REACT,
        planning_mode_enabled=True,
        task_extraction_bypass_enabled=True,
        capability_selection_bypass_enabled=True,
    )
    assert control.turn_limits.max_steps == 7
    assert load("").agent_control == AgentControl()
    with pytest.raises(ConfigError, match="orchestration_mode"):
        load("execution_control: {agent_control: {orchestration_mode: reactive}}")


@pytest.mark.parametrize("path", UNSERVED)
def test_a_known_key_that_nothing_reads_is_accepted_and_named_with_its_line_and_the_reason(
    load: Load, path: str
) -> None:
    steps = path.replace("*", "read_only").split(".")
    text = "# first line\n" + "\n".join("  " * depth + f"{step}:" for depth, step in enumerate(steps)) + " 1\n"
    config = load(text)
    assert [(key.path, key.line) for key in config.unserved] == [(".".join(steps), 1 + len(steps))]
    assert config.unserved[0].why


def test_what_is_not_read_does_not_hide_what_is(load: Load) -> None:
    config = load("execution: {container: {jupyter_port: 1}, memory_limit_mb: 9}\napplications: {a: b}")
    assert config.execution.memory_limit_mb == 9
    assert [key.path for key in config.unserved] == ["execution.container", "applications"]


def test_each_powerless_key_of_the_older_limits_is_named_by_its_own_path(load: Load) -> None:
    text = "control_system:\n  limits_checking:\n    on_violation: skip\n    allow_unlisted_channels: true\n"
    notes = load(text).notes
    assert any(note.startswith("control_system.limits_checking.on_violation (line 3)") for note in notes)
    assert any(note.startswith("control_system.limits_checking.allow_unlisted_channels (line 4)") for note in notes)


def test_where_the_guard_runs(load: Load) -> None:
    systems = load("control_system: {guard: socket, guard_users: [control, ops]}").control_system
    assert (systems.guard, systems.guard_users) == (GuardMode.SOCKET, ("control", "ops"))
    assert (load("").control_system.guard, load("").control_system.guard_users) == (GuardMode.INPROCESS, ())
    with pytest.raises(ConfigError, match=r"control_system\.guard"):
        load("control_system: {guard: somewhere}")
