"""Generators are found by name, built with their section, and stood in for where their plugin is missing."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from osprey.api import ChatReply
from osprey.errors import ConfigError, PluginError
from osprey.services.python_executor.exceptions import CodeGenerationError
from osprey.services.python_executor.generation import (
    BasicLLMCodeGenerator,
    CodeGenerator,
    MockCodeGenerator,
    create_code_generator,
    generator_of,
)
from osprey.services.python_executor.generation.phrasebook import PhrasebookGenerator

pytestmark = pytest.mark.anyio
WRITER = "models: {python_code_generator: {provider: scripted, model_id: one, max_retries: 0}}\n"

OWN = """
from osprey.api import Generator, hookimpl

class Physics:
    def __init__(self, model_config=None):
        self.model_config = model_config or {}

    async def generate_code(self, request, error_chain):
        return f"results = {self.model_config['domain']!r}"

@hookimpl
def osprey_generators():
    yield Generator(name="physics", summary="Ours", implementation="physics_plugin:Physics")
"""


@pytest.fixture
def physics(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "physics_plugin.py"
    path.write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return path


async def test_the_configuration_names_the_generator(open_bench: Any) -> None:
    await open_bench("execution: {code_generator: mock, generators: {mock: {behavior: success}}}\n")
    assert isinstance(create_code_generator(), MockCodeGenerator)


async def test_a_configuration_of_the_call_goes_before_the_project_s(open_bench: Any, ask: Any) -> None:
    await open_bench("execution: {code_generator: phrasebook, generators: {mock: {behavior: syntax_error}}}\n")
    own = {"execution": {"code_generator": "mock", "generators": {"mock": {"code": "results = 7"}}}}
    assert await create_code_generator(own).generate_code(ask(), []) == "results = 7"
    assert isinstance(create_code_generator({"osprey": own}), MockCodeGenerator)
    named_alone = create_code_generator({"execution": {"code_generator": "mock"}})
    assert "results" in await named_alone.generate_code(ask(), [])
    assert isinstance(create_code_generator(), PhrasebookGenerator)


async def test_a_generator_without_settings_gets_its_mapping_unchanged(
    open_bench: Any, ask: Any, physics: Path
) -> None:
    own = "{domain: optics, deep: {a: 1}}"
    await open_bench(f"execution: {{code_generator: physics, generators: {{physics: {own}}}}}\n", physics)
    generator: Any = create_code_generator()
    assert isinstance(generator, CodeGenerator)
    assert generator.model_config == {"domain": "optics", "deep": {"a": 1}}
    assert await generator.generate_code(ask(), []) == "results = 'optics'"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"execution": 3}, "execution is a mapping"),
        ({"execution": {"code_generator": 3}}, "name of a generator"),
        ({"execution": {"code_generator": "mock", "generators": {"mock": []}}}, "generators.mock is a mapping"),
        ({"execution": {"code_generator": "mock", "generators": {"mock": {"behavoir": "success"}}}}, "behavoir"),
        ({"execution": {"code_generator": "mock", "generators": {"mock": {"behavior": "dance"}}}}, "success"),
    ],
)
async def test_a_wrong_configuration_is_named(open_bench: Any, config: Any, said: str) -> None:
    await open_bench()
    with pytest.raises(ConfigError, match=said):
        create_code_generator(config)


async def test_an_unknown_generator_is_named_with_those_that_are_there(open_bench: Any) -> None:
    project = await open_bench()
    with pytest.raises(PluginError, match="phrasbook"):
        generator_of(project, "phrasbook")


async def test_legacy_is_a_deprecated_word_for_basic(open_bench: Any) -> None:
    project = await open_bench("execution: {code_generator: legacy, generators: {legacy: {save_prompts: true}}}\n")
    with pytest.warns(DeprecationWarning, match="'basic' now"):
        generator = generator_of(project)
    assert isinstance(generator, BasicLLMCodeGenerator)
    assert generator.settings.save_prompts


async def test_basic_stands_in_for_a_plugin_that_is_not_installed(
    open_bench: Any, caplog: pytest.LogCaptureFixture
) -> None:
    project = await open_bench("execution: {code_generator: claude_code}\n" + WRITER)
    with caplog.at_level(logging.WARNING):
        assert isinstance(generator_of(project), BasicLLMCodeGenerator)
    assert "pip install 'osprey-claude[code]'" in caplog.text


async def test_the_phrasebook_writes_planned_phrases_and_a_model_the_rest(
    open_bench: Any, ask: Any, models: Any
) -> None:
    project = await open_bench(WRITER)
    models.SCRIPTS["one"].append([ChatReply(text="```python\nresults = 5\n```")])
    generator = generator_of(project)
    assert await generator.generate_code(ask(), []) == "results = 5\n"
    planned = {"phrasebook": {"template": "no_such", "params": {}}}
    with pytest.raises(CodeGenerationError, match="no template 'no_such'"):
        await generator.generate_code(ask(capability_context_data=planned), [])


async def test_without_a_model_a_free_task_says_what_to_configure(open_bench: Any, ask: Any) -> None:
    project = await open_bench()
    with pytest.raises(CodeGenerationError, match=r"models\.python_code_generator"):
        await generator_of(project).generate_code(ask(), ["an error"])
