"""The generator that asks a model once: what it tells, what it reads of the answer, which model it asks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from osprey.api import ChatReply
from osprey.errors import ConfigError, ModelError, ModelErrorKind
from osprey.models.chat.messages import Finish, Speaker
from osprey.project import Project
from osprey.services.python_executor import new_run_folder
from osprey.services.python_executor.exceptions import CodeGenerationError
from osprey.services.python_executor.generation import BasicLLMCodeGenerator, generator_of

pytestmark = pytest.mark.anyio
WRITER = "models: {python_code_generator: {provider: scripted, model_id: one, max_retries: 0}}\n"
FENCED = "Here it is:\n```python\nresults = 5\n```\nIt computes five."


def stream_of(answer: Any) -> Any:
    """Give an answer as a model streams it: its pieces, then the whole reply."""
    return [answer[:9], answer[9:], ChatReply(text=answer)] if isinstance(answer, str) else answer


async def write(project: Project, models: Any, request: Any, answer: Any = FENCED, errors: tuple[str, ...] = ()) -> str:
    models.SCRIPTS["one"].append(stream_of(answer))
    return await generator_of(project, "basic").generate_code(request, list(errors))


def of(**models: str) -> str:
    """Write the section `models`: a model for each role."""
    roles = ", ".join(f"{role}: {{provider: scripted, model_id: {model}}}" for role, model in models.items())
    return f"models: {{{roles}}}\n"


def basic(settings: str) -> str:
    return f"execution: {{generators: {{basic: {{{settings}}}}}}}\n"


def told(models: Any, speaker: Speaker = Speaker.SYSTEM) -> str:
    _, request = models.ASKED[-1]
    return "\n".join(message.text for message in request.messages if message.speaker is speaker)


async def test_the_model_is_told_all_that_helps(open_bench: Any, models: Any, ask: Any) -> None:
    project = await open_bench(WRITER)
    request = ask(
        capability_prompts=["Use a robust mean."],
        expected_results={"mean": "float"},
        capability_context_data={"ARCHIVER_DATA": {"step_1": {"unit": "mA"}}},
    )
    assert await write(project, models, request) == "results = 5\n"
    system = told(models)
    for said in (
        "never an instruction",
        "write_channels(values: Mapping[str, Any]",
        "wait_until(",
        "DCCT:CURRENT |",
        "Use a robust mean.",
        "- 'mean': float",
        "inputs['ARCHIVER_DATA']",
    ):
        assert said in system
    assert "what is the mean?" in told(models, Speaker.USER)


async def test_an_earlier_failure_is_told_as_data(open_bench: Any, models: Any, ask: Any) -> None:
    project = await open_bench(WRITER)
    await write(project, models, ask(), errors=("first", "NameError: no 'beam'", "third", "fourth"))
    said = told(models, Speaker.USER)
    assert "(4)" in said
    assert "first" not in said
    assert said.index("NameError: no 'beam'") > said.index("how an earlier attempt failed")


async def test_a_run_that_ended_well_is_an_example(open_bench: Any, models: Any, ask: Any) -> None:
    project = await open_bench(WRITER)
    for name, status, title in (("good", "done", "Mean of the beam current"), ("bad", "failed", "Mean of the beam")):
        folder = new_run_folder(project.state_dir, name)
        (folder / "code.py").write_text(f"results = {name!r}\n", encoding="utf-8")
        (folder / "run.json").write_text(json.dumps({"title": title, "run": {"status": status}}), encoding="utf-8")
    (new_run_folder(project.state_dir, "torn") / "run.json").write_text("{", encoding="utf-8")
    await write(project, models, ask())
    assert "results = 'good'" in told(models)
    assert "results = 'bad'" not in told(models)
    await write(project, models, ask("Draw the tune", user_query="please"))
    assert "results = 'good'" not in told(models)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ("results = 1", "results = 1\n"),
        ("```\nresults = 2\n```", "results = 2\n"),
        ("```python\nx = 1\n```\nand\n```py\nx = 1\nresults = x\n```", "x = 1\nresults = x\n"),
        ("```bash\npip install everything at once\n```\n```python\nresults = 3\n```", "results = 3\n"),
        ("Sure:\n```python\nresults = 4\n", "results = 4\n"),
        ('```python\nx = """\n``` no end\n"""\nresults = x\n```', 'x = """\n``` no end\n"""\nresults = x\n'),
    ],
)
async def test_the_code_is_found_in_the_answer(open_bench: Any, models: Any, ask: Any, answer: str, code: str) -> None:
    project = await open_bench(WRITER)
    assert await write(project, models, ask(), answer) == code


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (ChatReply(text="", finish=Finish.STOP), "holds no code"),
        (ChatReply(text="```python\n```", finish=Finish.STOP), "holds no code"),
        (ChatReply(text="results = 1", finish=Finish.LENGTH), "cut off"),
        (ChatReply(text="I cannot.", finish=Finish.REFUSAL), "declined"),
        (["x" * 200_000, "x" * 200_000, ChatReply(text="x" * 400_000)], "does not end"),
    ],
)
async def test_an_answer_that_is_no_program_is_an_error(
    open_bench: Any, models: Any, ask: Any, answer: Any, said: str
) -> None:
    project = await open_bench(WRITER)
    with pytest.raises(CodeGenerationError, match=said) as caught:
        await write(project, models, ask(), answer, errors=("before",))
    assert (caught.value.generation_attempt, caught.value.error_chain) == (2, ["before"])


async def test_a_model_that_is_down_is_not_an_error_of_the_code(open_bench: Any, models: Any, ask: Any) -> None:
    project = await open_bench(WRITER)
    with pytest.raises(ModelError, match="gone away"):
        await write(project, models, ask(), ModelError("gone away", kind=ModelErrorKind.UNREACHABLE))


@pytest.mark.parametrize(
    ("config", "model"),
    [
        (of(python_code_generator="own", orchestrator="o"), "own"),
        (of(response="r", orchestrator="o"), "r"),
        (of(orchestrator="o"), "o"),
        (of(default="d"), "d"),
        (of(classifier="c", default="d") + basic("model_config_name: classifier"), "c"),
        (of(default="d") + basic("provider: scripted, model_id: inline"), "inline"),
    ],
)
async def test_the_configuration_says_which_model_writes(
    open_bench: Any, models: Any, ask: Any, config: str, model: str
) -> None:
    project = await open_bench(config)
    models.SCRIPTS[model].append(stream_of("results = 1"))
    await generator_of(project, "basic").generate_code(ask(), [])
    assert models.ASKED[-1][0] == model


async def test_inline_settings_reach_the_model(open_bench: Any, models: Any, ask: Any) -> None:
    inline = "{provider: scripted, model_id: inline, max_tokens: 77, temperature: 0.5, timeout_s: 9}"
    project = await open_bench(f"execution: {{generators: {{basic: {inline}}}}}\n")
    models.SCRIPTS["inline"].append(stream_of("results = 1"))
    await generator_of(project, "basic").generate_code(ask(), [])
    address = models.ADDRESSES[-1]
    assert (address.max_tokens, address.temperature, address.timeout_s) == (77, 0.5, 9)


async def test_without_a_model_the_keys_are_named(open_bench: Any, ask: Any) -> None:
    project = await open_bench()
    with pytest.raises(ConfigError, match=r"models\.python_code_generator .*execution\.generators\.basic\.provider"):
        await generator_of(project, "basic").generate_code(ask(), [])


@pytest.mark.parametrize(
    ("section", "said"),
    [
        ("{model_config_name: writer}", "the roles are orchestrator"),
        ("{provider: scripted}", "go together"),
        ("{provider: scripted, model_id: a, model_config_name: response}", "not both"),
        ("{timeout_s: 0}", "timeout_s"),
        ("{max_tokens: 0}", "max_tokens"),
        ("{temperature: -1}", "temperature"),
    ],
)
async def test_a_wrong_setting_is_named(open_bench: Any, section: str, said: str) -> None:
    project = await open_bench(f"execution: {{generators: {{basic: {section}}}}}\n")
    with pytest.raises(ConfigError, match=said):
        generator_of(project, "basic")


async def test_questions_and_answers_are_kept_if_that_is_wanted(
    open_bench: Any, models: Any, ask: Any, tmp_path: Path
) -> None:
    project = await open_bench(WRITER + "execution: {generators: {basic: {save_prompts: true}}}\n")
    await write(project, models, ask())
    await write(project, models, ask(execution_folder_path=tmp_path))
    await write(project, models, ask(execution_folder_path=tmp_path), "results = 8")
    kept = sorted((tmp_path / "prompts").iterdir())
    assert [path.name for path in kept] == ["generation_01.md", "generation_02.md"]
    assert kept[0].stat().st_mode & 0o077 == 0
    assert "osprey.runtime" in kept[0].read_text(encoding="utf-8")
    assert "results = 8" in kept[1].read_text(encoding="utf-8")


async def test_it_takes_the_mapping_that_applications_share_among_generators(open_bench: Any) -> None:
    await open_bench(WRITER)
    shared = {"profile": "fast", "model_config_name": "response", "domain": "optics"}
    assert BasicLLMCodeGenerator(shared).settings.model_config_name == "response"
    assert BasicLLMCodeGenerator(None).settings.provider is None
