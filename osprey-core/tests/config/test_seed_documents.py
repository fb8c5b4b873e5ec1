"""Every configuration that the documents of the product print loads, and no key of it is dropped in silence."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from osprey.config import ApprovalMode, Config, DemandArea, ExecutionMethod, GlobalMode
from osprey.errors import ConfigError

Load = Callable[..., Config]

COMPLETE = """\
osprey:
  python_executor:
    max_generation_retries: 3
    max_execution_retries: 3
    execution_timeout_seconds: 600

  execution:
    code_generator: "basic"  # basic | claude_code | mock | custom
    execution_method: "container"  # or "local"
    generators:
      basic:
        model_config_name: "python_code_generator"
      claude_code:
        profile: "fast"  # fast | balanced | robust
        claude_config_path: "claude_generator_config.yml"  # optional
      mock:
        behavior: "success"
    modes:
      read_only:
        kernel_name: "python3-epics-readonly"
        allows_writes: false
        requires_approval: false
      write_access:
        kernel_name: "python3-epics-write"
        allows_writes: true
        requires_approval: true
    container:
      jupyter_host: "localhost"
      jupyter_port: 8888
    local:
      python_env_path: "${LOCAL_PYTHON_VENV}"
"""

ENVIRONMENT = """\
osprey:
  execution:
    execution_method: "container"  # or "local"
    container:
      jupyter_host: "localhost"
      jupyter_port: 8888
    local:
      python_env_path: "${LOCAL_PYTHON_VENV}"
"""

SELECTION = """\
osprey:
  execution:
    code_generator: "domain_specific"
    generators:
      domain_specific:
        domain: "physics"
        template_library: "scientific_computing"
"""

DEPLOYMENT = """\
deployed_services:
  - framework.jupyter              # Secure execution environment
  - framework.pipelines            # Processing pipeline infrastructure
  - applications.als_expert.logbook  # Application data

framework:
  execution:
    execution_method: "container"   # Isolation by default
    modes:
      write_access:
        requires_approval: true    # Safety first
        allows_writes: true
        kernel_name: "python3-epics-write"
"""

APPROVAL = """\
approval:
  global_mode: "selective"
  capabilities:
    python_execution:
      enabled: true
      mode: "epics_writes"  # disabled | all_code | epics_writes
"""

PATTERNS = r"""
control_system:
  type: epics
  patterns:
    epics:
      write:
        - 'epics\.caput\('
        - '\.put\('
      read:
        - 'epics\.caget\('
        - '\.get\('
"""


@pytest.mark.parametrize("text", [COMPLETE, ENVIRONMENT, SELECTION, DEPLOYMENT, APPROVAL, PATTERNS])
def test_a_printed_configuration_loads(load: Load, text: str) -> None:
    load(text)


def test_the_complete_one_is_read_as_it_is_written(load: Load) -> None:
    execution = load(COMPLETE).execution
    assert execution.code_generator == "basic"
    assert execution.execution_method is ExecutionMethod.CONTAINER
    assert execution.execution_timeout_seconds == 600.0
    assert (execution.max_generation_retries, execution.max_execution_retries) == (3, 3)
    assert execution.generators["claude_code"]["profile"] == "fast"
    assert execution.generators["mock"] == {"behavior": "success"}
    assert execution.modes["write_access"].requires_approval is True
    assert execution.modes["read_only"].allows_writes is False


def test_what_this_version_does_not_read_is_named_with_its_line(load: Load) -> None:
    unserved = {key.path: key.line for key in load(COMPLETE).unserved}
    assert unserved == {
        "execution.modes.read_only.kernel_name": 20,
        "execution.modes.write_access.kernel_name": 24,
        "execution.container": 27,
    }
    assert [key.path for key in load(DEPLOYMENT).unserved] == [
        "deployed_services",
        "execution.modes.write_access.kernel_name",
    ]
    assert not load(PATTERNS).unserved


def test_the_printed_patterns_are_read(load: Load) -> None:
    found = load(PATTERNS).control_system.patterns["epics"]
    assert (len(found.write), len(found.read)) == (2, 2)


def test_a_container_is_not_replaced_by_something_weaker_in_silence(load: Load) -> None:
    config = load(COMPLETE)
    with pytest.raises(ConfigError, match=r"execution\.execution_method \(line 9\).*set it to local"):
        config.require(DemandArea.EXECUTION)
    config.require(DemandArea.CONTROL)


def test_the_deprecated_spelling_of_an_approval_mode_is_read_and_named(load: Load) -> None:
    config = load(APPROVAL)
    assert config.approval.global_mode is GlobalMode.SELECTIVE
    assert config.approval.capabilities["python_execution"].mode is ApprovalMode.CONTROL_WRITES
    assert any("'epics_writes' is deprecated, write 'control_writes'" in note for note in config.notes)


def test_a_capabilitys_approval_may_be_a_bare_truth_value(load: Load) -> None:
    config = load("approval: {capabilities: {memory: false}}")
    assert config.approval.capabilities["memory"].enabled is False


def test_the_interpreter_may_stand_in_its_older_place(load: Load) -> None:
    assert str(load("execution: {python_env_path: /opt/python3}").execution.python_env_path) == "/opt/python3"


@pytest.mark.parametrize(
    ("text", "area"),
    [
        ("execution: {execution_method: container}", DemandArea.EXECUTION),
        ("control_system: {type: epics, limits_checking: {enabled: true}}", DemandArea.CONTROL),
    ],
)
def test_a_wish_for_more_safety_than_there_is_stops_the_part_that_would_grant_it(
    load: Load, text: str, area: DemandArea
) -> None:
    config = load(text)
    with pytest.raises(ConfigError, match=r"line 1\).*this version does not do"):
        config.require(area)


@pytest.mark.parametrize(
    "text",
    [
        "approval: {global_mode: disabled}",
        "approval: {capabilities: {python_execution: {enabled: false}}}",
        "approval: {capabilities: {python_execution: {mode: disabled}}}",
        "execution: {modes: {write_access: {requires_approval: false}}}",
        "execution: {modes: {read_only: {allows_writes: true}}}",
        "control_system: {type: epics, limits_checking: {enabled: false}}",
        "control_system: {type: epics, limits_checking: {enabled: true, database_path: a, on_violation: skip}}",
        "control_system: {limits_checking: {allow_unlisted_channels: true}}",
    ],
)
def test_a_key_that_seems_to_take_safety_away_is_said_to_have_no_power(load: Load, text: str) -> None:
    assert any("has no power" in note for note in load(text).notes)
