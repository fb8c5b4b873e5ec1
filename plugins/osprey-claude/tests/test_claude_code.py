"""Claude Code itself, with an endpoint of this test: what it is told, what it may do, and how it fails."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import anyio
import pytest
from claude_api import failing, hanging, serve_claude
from claude_wire import CANARY

from osprey.api import CodeGenerationError, ModelError, ModelErrorKind, Project, PythonExecutionRequest
from osprey.project import open_project
from osprey.services.python_executor.generation import ClaudeCodeGenerator as Exported
from osprey.services.python_executor.generation import generator_of
from osprey_claude.code.generator import ClaudeCodeGenerator

PROGRAM = "Here is the program:\n```python\nresults = {'mean': 1}\n```\n"
CODE = "results = {'mean': 1}\n"
CONFIG = """
control_system: {{targets: {{bench: {{connector: mock, posture: simulation}}}}}}
api:
  providers:
    anthropic: {{api_key: "{key}", base_url: "{url}/v1", headers: {{X-Lab: "ring-7"}}}}
execution:
  code_generator: claude_code
  generators: {{claude_code: {section}}}
"""
Open = Callable[..., Project]

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """The SDK runs on asyncio alone."""
    return "asyncio"


@pytest.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Open]:
    """Opens a project whose Anthropic is at an address, and makes it the current one."""
    with ExitStack() as stack:

        def open_it(url: str, section: str = "{}") -> Project:
            text = CONFIG.format(key=CANARY, url=url, section=section)
            (tmp_path / "config.yml").write_text(text, encoding="utf-8")
            project = open_project(tmp_path)
            stack.enter_context(project.activate())
            return project

        yield open_it


def request(**fields: Any) -> PythonExecutionRequest:
    return PythonExecutionRequest(user_query="what is the mean?", task_objective="Mean of the beam current", **fields)


async def write(project: Project, errors: tuple[str, ...] = ()) -> str:
    return await generator_of(project).generate_code(request(), list(errors))


async def test_the_program_is_taken_from_the_answer(opened: Open) -> None:
    async with serve_claude([PROGRAM]) as api:
        project = opened(api.url)
        generator: Any = generator_of(project)
        assert await generator.generate_code(request(), ["NameError: beam"]) == CODE
    said = api.said()
    for told in ("write_channels(values", "Mean of the beam current", "NameError: beam", "never an instruction"):
        assert told in said
    assert {tool["name"] for tool in api.asked[-1]["tools"]} == {"Read", "Grep", "Glob"}
    metadata = generator.get_generation_metadata()
    assert (metadata["phases"], metadata["turns"], metadata["refused"]) == (["write"], 1, [])
    assert metadata["output_tokens"] == 5
    assert Exported is ClaudeCodeGenerator


async def test_the_endpoint_is_reached_as_the_configuration_says(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "another-key")
    monkeypatch.setenv("ANTHROPIC_BASE_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("ANTHROPIC_CUSTOM_HEADERS", "X-Other: 1")
    async with serve_claude([PROGRAM]) as api:
        await write(opened(api.url, "{model_id: model-7}"))
    assert api.headers[-1]["x-api-key"] == CANARY
    assert api.headers[-1]["x-lab"] == "ring-7"
    assert "x-other" not in api.headers[-1]
    assert api.asked[-1]["model"] == "model-7"
    assert "thinking" not in api.asked[-1]
    assert "context_management" not in api.asked[-1]


async def test_nothing_of_this_process_is_told(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LAB_SECRET", "canary-of-the-environment")
    async with serve_claude([("Read", {"file_path": "/proc/self/environ"})], [PROGRAM]) as api:
        assert await write(opened(api.url)) == CODE
    assert "canary-of-the-environment" not in api.said()
    assert CANARY not in api.said()


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        ("Read", {"file_path": "/etc/passwd"}),
        ("Read", {"file_path": "../home/claude/.claude.json"}),
        ("Grep", {"pattern": "root", "path": "/etc"}),
        ("Glob", {"pattern": "/etc/*"}),
        ("Glob", {"pattern": "../*"}),
        ("Write", {"file_path": "stolen.txt", "content": "x"}),
        ("Bash", {"command": "touch /tmp/stolen-by-claude"}),
        ("WebFetch", {"url": "http://127.0.0.1:1/", "prompt": "x"}),
    ],
)
async def test_whatever_is_not_reading_its_own_folder_is_refused(
    opened: Open, tool: str, arguments: dict[str, Any]
) -> None:
    async with serve_claude([(tool, arguments)], [PROGRAM]) as api:
        generator: Any = generator_of(opened(api.url))
        assert await generator.generate_code(request(), []) == CODE
    assert "root:" not in api.said()
    assert not Path("/tmp/stolen-by-claude").exists()
    if tool in ("Read", "Grep", "Glob"):
        assert len(generator.get_generation_metadata()["refused"]) == 1


async def test_it_reads_examples_and_guidance_of_the_facility(opened: Open, tmp_path: Path) -> None:
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts/orbit.py").write_text("ORBIT = 'read me'\n", encoding="utf-8")
    (tmp_path / "scripts/key.pem").write_text("secret\n", encoding="utf-8")
    (tmp_path / "scripts/link.py").symlink_to("/etc/passwd")
    (tmp_path / "claude.yml").write_text(
        "codebase_guidance: {orbit: {directories: [scripts], guidance: Orbits are in mm.}}\n"
        "system_prompt: You serve our ring.\nsystem_prompt_extensions: [Currents are in A.]\n",
        encoding="utf-8",
    )
    reading = ("Read", {"file_path": "codebase/orbit/scripts/orbit.py"})
    async with serve_claude([reading], [PROGRAM]) as api:
        assert await write(opened(api.url, "{claude_config_path: claude.yml}")) == CODE
    first, last = api.said(0), api.said()
    for told in ("codebase/orbit/scripts/orbit.py", "GUIDANCE.md", "You serve our ring.", "Currents are in A."):
        assert told in first
    assert "key.pem" not in first
    assert "link.py" not in first
    assert "ORBIT = 'read me'" in last


@pytest.mark.parametrize(("profile", "asked"), [("fast", 1), ("balanced", 2), ("robust", 3), ("night", 2)])
async def test_a_profile_says_what_is_asked(opened: Open, tmp_path: Path, profile: str, asked: int) -> None:
    (tmp_path / "claude.yml").write_text(
        "profiles: {night: {phases: [write, review]}}\nphases: {review: Look it over.}\n", encoding="utf-8"
    )
    turns = [[f"Thought {number}."] for number in range(asked - 1)]
    async with serve_claude(*turns, [PROGRAM]) as api:
        section = f"{{profile: {profile}, claude_config_path: claude.yml}}"
        assert await write(opened(api.url, section)) == CODE
    assert len(api.asked) == asked
    assert ("Look it over." in api.said()) is (profile == "night")
    assert ("Plan the program" in api.said()) is (profile in ("balanced", "robust"))


async def test_an_answer_without_a_program_is_an_error_of_the_code(opened: Open) -> None:
    async with serve_claude(["I would rather not."]) as api:
        with pytest.raises(CodeGenerationError, match="holds no program") as caught:
            await write(opened(api.url), ("before",))
    assert (caught.value.generation_attempt, caught.value.error_chain) == (2, ["before"])


@pytest.mark.parametrize(
    ("status", "said", "kind"),
    [
        (401, "authentication_error", ModelErrorKind.DENIED),
        (400, "invalid_request_error", ModelErrorKind.INVALID),
        (500, "api_error", ModelErrorKind.SERVER),
    ],
)
async def test_an_endpoint_that_fails_is_named(opened: Open, status: int, said: str, kind: ModelErrorKind) -> None:
    async with serve_claude([failing(status, said)]) as api:
        with pytest.raises(ModelError) as caught:
            await write(opened(api.url))
    assert caught.value.kind is kind
    assert CANARY not in str(caught.value)
    assert "anthropic/" in str(caught.value)


async def test_a_program_costs_no_more_than_it_may(opened: Open) -> None:
    reading = ("Glob", {"pattern": "*.py"})
    async with serve_claude([reading]) as api:
        with pytest.raises(ModelError, match="max_turns") as caught:
            await write(opened(api.url, "{max_turns: 2}"))
    assert caught.value.kind is ModelErrorKind.EXHAUSTED
    async with serve_claude([reading]) as api:
        with pytest.raises(ModelError, match="max_budget_usd"):
            await write(opened(api.url, "{max_budget_usd: 0.000001, max_turns: 50}"))


async def test_a_hung_endpoint_ends_with_the_deadline_and_leaves_no_process(opened: Open) -> None:
    before = _children()
    async with serve_claude([hanging]) as api:
        with pytest.raises(ModelError, match="within 3 s") as caught:
            await write(opened(api.url, "{timeout_s: 3}"))
    assert caught.value.kind is ModelErrorKind.TIMEOUT
    assert _children() <= before


async def test_cancelling_leaves_no_process_and_no_folder(opened: Open) -> None:
    before, folders = _children(), set(Path("/tmp").glob("osprey-claude-*"))
    async with serve_claude([hanging]) as api:
        project = opened(api.url)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write, project)
            while not api.asked:
                await anyio.sleep(0.05)
            tasks.cancel_scope.cancel()
    assert _children() <= before
    assert set(Path("/tmp").glob("osprey-claude-*")) <= folders


async def test_several_are_written_at_once(opened: Open) -> None:
    async with serve_claude([PROGRAM]) as api:
        project = opened(api.url)
        done: list[str] = []

        async def one() -> None:
            done.append(await write(project))

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(one)
    assert done == [CODE] * 3


def _children() -> set[int]:
    found = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    return set(map(int, found))
