"""Configuration commands with the plugins of the workspace installed: what is checked is what is there."""

from __future__ import annotations

from pathlib import Path

from tests.conftest import CommandLine


def test_init_makes_a_project_that_checks_clean(ring: CommandLine, tmp_path: Path) -> None:
    done = ring("init", str(tmp_path))
    assert f"wrote {tmp_path / 'config.yml'}" in done.out
    assert f"wrote {tmp_path / '.gitignore'}" in done.out
    assert "osprey config check" in done.out
    assert ".osprey/" in (tmp_path / ".gitignore").read_text().splitlines()
    checked = ring("config", "check")
    assert checked.err == ""
    assert "can be used" in checked.out


def test_check_names_what_has_no_effect_and_what_is_asked_in_vain(ring: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text(
        "execution:\n  execution_method: container\n  local: {python_env_path: '${VENV_OF_NOBODY}'}\n"
        "deployed_services: [framework.jupyter]\n"
    )
    done = ring("config", "check")
    assert "accepted, without effect in this version:\n  deployed_services (line 4): " in done.out
    assert "execution.execution_method (line 2) asks for a container" in done.out
    assert "execution.local.python_env_path (line 3): VENV_OF_NOBODY is not set" in done.out


def test_what_is_asked_in_vain_stops_the_step_that_would_have_to_obey(ring: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("execution: {execution_method: container}\n")
    done = ring("ask", "--json", "plot the horizontal orbit", code=1)
    assert "execution.execution_method" in done.json["answer"]
    assert ring("ask", "--json", "what is the beam current").json["status"] == "done"


def test_the_section_of_an_absent_plugin_has_a_status_and_is_no_unknown_key(ring: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("control_system:\n  connector:\n    doocs: {host: x}\n")
    done = ring("config", "check")
    assert "section control_system.connector.doocs (line 3): no plugin provides it" in done.out
    assert "pip install osprey-doocs" in done.out
    section = ring("config", "check", "--json").json["sections"][0]
    assert (section["path"], section["state"]) == ("control_system.connector.doocs", "absent")
    assert "section control_system.connector.doocs" in ring("config", "show").err


def test_the_section_of_a_disabled_plugin_has_a_status(ring: CommandLine, tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("control_system: {connector: {sim: {seed: 1}}}\nplugins: {disable: [sim]}\n")
    sections = ring("config", "check", "--json", code=None).json["sections"]
    assert [(section["path"], section["state"]) for section in sections] == [
        ("control_system.connector.sim", "disabled")
    ]
