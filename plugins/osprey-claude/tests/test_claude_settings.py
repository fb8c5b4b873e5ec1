"""What the configuration of the generator may say, and what is said of what it may not."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from osprey.api import ConfigError, ModelAddress, UsageError
from osprey.cli.root import osprey
from osprey_claude.code.claude_file import EXAMPLE, NAME, read_claude_file
from osprey_claude.code.environment import environment_of
from osprey_claude.code.gate import Gate
from osprey_claude.code.generator import ClaudeCodeGenerator
from osprey_claude.code.settings import MODEL, PROFILES, ClaudeFile, ClaudeSettings, settings_from, way_of


def test_an_inline_setting_goes_before_the_profile_and_the_file() -> None:
    file = ClaudeFile(model_id="of-the-file")
    assert way_of(ClaudeSettings(), ClaudeFile()).model_id == MODEL
    assert way_of(ClaudeSettings(), file).model_id == "of-the-file"
    way = way_of(ClaudeSettings(profile="robust", model_id="inline", max_turns=3), file)
    assert (way.model_id, way.profile.max_turns) == ("inline", 3)
    assert way.profile.max_budget_usd == PROFILES["robust"].max_budget_usd


def test_profiles_differ_in_what_is_asked() -> None:
    assert [PROFILES[name].phases for name in ("fast", "balanced", "robust")] == [
        ("write",),
        ("plan", "write"),
        ("scan", "plan", "write"),
    ]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"profile": "quick"}, "no profile 'quick'; there are fast, balanced, robust"),
        ({"max_turns": 0}, "max_turns"),
        ({"max_budget_usd": 0}, "max_budget_usd"),
        ({"timeout_s": -1}, "timeout_s"),
    ],
)
def test_a_wrong_setting_is_named(given: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        way_of(settings_from(given), ClaudeFile())


def test_a_mapping_may_be_shared_with_other_generators() -> None:
    assert ClaudeCodeGenerator({"profile": "robust", "model_config_name": "response"}).settings.profile == "robust"
    assert ClaudeCodeGenerator().settings == ClaudeSettings()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("profiles: {own: {phases: [dance]}}", "no phase 'dance'"),
        ("profiles: {own: {phases: []}}", "no phases"),
        ("profils: {}", "profils"),
        ("- a list", "expected 'key: value' lines"),
        ("a: [", "cannot be read"),
        ("codebase_guidance: {orbit: {directories: [nowhere]}}", "there is no folder"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "own.yml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        way_of(ClaudeSettings(profile="own"), read_claude_file(Path("own.yml"), tmp_path))


def test_a_missing_file_is_named_with_the_command_that_writes_one(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.yml cannot be read.*generate claude-config"):
        read_claude_file(Path("gone.yml"), tmp_path)


def test_a_file_to_begin_with_is_written_once(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text("facility: {name: ring}\n", encoding="utf-8")
    call = ["--project", str(tmp_path), "generate", "claude-config"]
    first = CliRunner().invoke(osprey, call)
    assert first.exit_code == 0, first.output
    assert (tmp_path / NAME).read_text(encoding="utf-8") == EXAMPLE
    assert read_claude_file(Path(NAME), tmp_path) == ClaudeFile()
    (tmp_path / NAME).write_text("model_id: ours\n", encoding="utf-8")
    second = CliRunner().invoke(osprey, call)
    assert isinstance(second.exception, UsageError)
    assert "--force" in str(second.exception)
    assert CliRunner().invoke(osprey, [*call, "--force"]).exit_code == 0
    assert read_claude_file(Path(NAME), tmp_path) == ClaudeFile()


def test_the_example_says_what_the_file_takes(tmp_path: Path) -> None:
    (tmp_path / "scripts/orbit").mkdir(parents=True)
    lines = [line.removeprefix("# ") for line in EXAMPLE.splitlines() if ":" in line or line.startswith("#   ")]
    body = "\n".join(line for line in lines if not line[:1].isupper() and not line.startswith("What"))
    (tmp_path / "own.yml").write_text(body, encoding="utf-8")
    file = read_claude_file(Path("own.yml"), tmp_path)
    assert file.profiles["night"].phases == ("plan", "write", "review")
    assert set(file.phases) == {"review"}
    assert file.codebase_guidance["orbit"].directories == (tmp_path / "scripts/orbit",)
    assert (file.model_id, len(file.system_prompt_extensions)) == (MODEL, 1)


def test_a_link_out_of_the_folder_is_no_way_out(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (work / "link").symlink_to("/etc")
    gate = Gate(work)
    for path in ("link/passwd", "../x", "/etc/passwd", f"{work}/../x", "a\0b", 7):
        assert gate.reason_against("Read", {"file_path": path})
    assert not gate.reason_against("Read", {"file_path": str(work / "a.py")})
    assert not gate.reason_against("Grep", {"pattern": ".."})
    assert len(gate.refused) == 6


def test_every_other_variable_is_blank(tmp_path: Path) -> None:
    address = ModelAddress(provider="lab", model_id="m", base_url="https://lab/v1/", api_key="k", headers={"A": "b"})
    made = environment_of(address, tmp_path, {"LAB_KEY": "secret", "PATH": "/bin"}, experimental_betas=True)
    assert (made["LAB_KEY"], "PATH" in made) == ("", False)
    assert (made["ANTHROPIC_BASE_URL"], made["ANTHROPIC_CUSTOM_HEADERS"]) == ("https://lab", "A: b")
    assert "MAX_THINKING_TOKENS" not in made
    assert environment_of(address, tmp_path, {}, experimental_betas=False)["MAX_THINKING_TOKENS"] == "0"
