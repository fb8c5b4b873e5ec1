"""The mock generator writes what it is told to, and says how it was asked."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from osprey.errors import ConfigError
from osprey.services.python_executor import RunJob, RunMode, RunStatus, runner_of
from osprey.services.python_executor.exceptions import CodeGenerationError
from osprey.services.python_executor.generation import MockCodeGenerator, create_code_generator

pytestmark = pytest.mark.anyio


async def code_of(ask: Any, **settings: Any) -> str:
    given = {"channel": "BEND:CURRENT:SP", "value": 2.5, **settings}
    config = {"execution": {"code_generator": "mock", "generators": {"mock": given}}}
    return await create_code_generator(config).generate_code(ask(), [])


@pytest.mark.parametrize(
    ("behavior", "status", "writes"),
    [
        ("success", RunStatus.DONE, 0),
        ("syntax_error", RunStatus.REJECTED, 0),
        ("runtime_error", RunStatus.FAILED, 0),
        ("missing_results", RunStatus.DONE, 0),
        ("channel_write", RunStatus.DONE, 1),
        ("epics_write", RunStatus.DONE, 1),
        ("channel_read", RunStatus.DONE, 0),
        ("error_aware", RunStatus.FAILED, 0),
        ("security_risk", RunStatus.FAILED, 0),
    ],
)
async def test_each_behavior_does_in_the_sandbox_what_it_says(
    open_bench: Any, ask: Any, behavior: str, status: RunStatus, writes: int
) -> None:
    project = await open_bench()
    code = await code_of(ask, behavior=behavior)
    outcome = await runner_of(project).run(RunJob(code=code, mode=RunMode.DRY))
    assert outcome.status is status, outcome.error
    assert [write.value for write in outcome.writes] == [2.5] * writes
    assert (outcome.results is None) is (status is not RunStatus.DONE or behavior == "missing_results")


async def test_an_error_aware_mock_mends_its_code(ask: Any) -> None:
    mock = MockCodeGenerator(behavior="error_aware")
    first, second = await mock.generate_code(ask(), []), await mock.generate_code(ask(), ["ZeroDivisionError"])
    assert first != second
    assert "results" in second
    assert mock.last_error_chain == ["ZeroDivisionError"]


async def test_given_code_goes_before_a_behavior(ask: Any) -> None:
    mock = MockCodeGenerator({"behavior": "syntax_error"})
    mock.set_code("results = 1")
    assert await mock.generate_code(ask(), []) == "results = 1"
    mock.set_code_sequence(["a = 1", "results = 2"])
    assert [await mock.generate_code(ask(), []) for _ in range(3)] == ["a = 1", "results = 2", "results = 2"]
    assert (mock.call_count, mock.last_request) == (3, ask())
    mock.reset()
    assert (mock.call_count, mock.last_request) == (0, None)
    assert await mock.generate_code(ask(), []) == "a = 1"


async def test_a_mock_that_was_told_nothing_says_so(ask: Any) -> None:
    with pytest.raises(CodeGenerationError, match=r"set_code\(\)"):
        await MockCodeGenerator().generate_code(ask(), [])


def test_an_unknown_behavior_is_refused() -> None:
    with pytest.raises(ValueError, match="dance"):
        MockCodeGenerator(behavior="dance")


async def test_configured_code_is_checked_as_text(open_bench: Any, ask: Any) -> None:
    await open_bench()
    assert await code_of(ask, code="results = 3") == "results = 3"
    with pytest.raises(ConfigError, match="code"):
        await code_of(ask, code=3)


async def test_a_channel_is_written_as_a_literal(open_bench: Any, ask: Any) -> None:
    await open_bench()
    code = await code_of(ask, behavior="channel_write", channel="X'); import os; ('")
    assert not [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Import)]
