"""When code is written again, with what it is told, and what ends a request instead."""

from __future__ import annotations

import pytest

from osprey.errors import ConnectorError, SandboxError
from osprey.services.python_executor.error_chain import ErrorText
from osprey.services.python_executor.exceptions import (
    CodeGenerationError,
    CodeRuntimeError,
    CodeSyntaxError,
    ErrorCategory,
    ExecutionTimeoutError,
    MaxAttemptsExceededError,
    PythonExecutorException,
)
from osprey.services.python_executor.runner import PythonRunner

from .conftest import READS

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox]

FAILS = "results = {'n': 1 / 0}\n"
BROKEN = "results = {\n"


def failing(number: int) -> str:
    """Code that fails, each time another one."""
    return f"# {number}\n{FAILS}"


async def test_a_failure_is_told_to_the_generator_with_its_line_and_its_code(desk) -> None:
    desk.writes(FAILS, READS)
    result = await desk.run()
    assert result.generation_attempt == 2
    [(_, first), (_, second)] = desk.asked
    assert first == []
    [error] = second
    assert isinstance(error, ErrorText)
    assert "line 1: ZeroDivisionError" in error
    assert FAILS in error
    assert (error.details.stage, error.details.attempt_number) == ("execution", 1)
    kept = result.execution_result.folder_path / "attempts" / "01_execution.py"
    assert FAILS in kept.read_text()


async def test_code_that_does_not_parse_is_never_run_and_told_of(desk) -> None:
    desk.writes(BROKEN, READS)
    assert (await desk.run()).generation_attempt == 2
    assert desk.asked[1][1][0].details.error_type == "CodeSyntaxError"


@pytest.mark.parametrize(
    ("budgets", "retries", "asked"),
    [
        ("{max_execution_retries: 0}", 3, 1),
        ("{max_execution_retries: 2}", 3, 3),
        ("{max_execution_retries: 9}", 1, 2),
        ("{max_execution_retries: 9, max_generation_retries: 0}", 3, 4),
    ],
)
async def test_the_budgets_say_how_often_failing_code_is_written(open_desk, budgets, retries, asked) -> None:
    desk = await open_desk(f"python_executor: {budgets}\n")
    desk.writes(*map(failing, range(12)))
    with pytest.raises(CodeRuntimeError, match="ZeroDivisionError") as failed:
        await desk.run(retries=retries)
    assert len(desk.asked) == failed.value.execution_attempt == asked
    cause = failed.value.__cause__
    assert (cause.max_attempts if isinstance(cause, MaxAttemptsExceededError) else 1) == asked


@pytest.mark.parametrize(("most", "asked"), [(0, 1), (2, 3)])
async def test_the_budget_of_generation_is_one_of_its_own(open_desk, most, asked) -> None:
    desk = await open_desk(f"python_executor: {{max_generation_retries: {most}, max_execution_retries: 0}}\n")
    desk.writes(*(f"{BROKEN}# {number}" for number in range(9)))
    with pytest.raises(CodeSyntaxError, match="line 1") as failed:
        await desk.run(retries=9)
    assert failed.value.category is ErrorCategory.CODE_RELATED
    assert len(desk.asked) == asked


async def test_a_generator_that_gives_up_ends_it_with_what_it_said(desk) -> None:
    desk.writes(CodeGenerationError("no such task"))
    with pytest.raises(CodeGenerationError, match="no such task") as failed:
        await desk.run(retries=2)
    assert (failed.value.generation_attempt, len(failed.value.error_chain), len(desk.asked)) == (3, 3, 3)
    assert isinstance(failed.value, PythonExecutorException)


@pytest.mark.parametrize("told", [KeyError("x"), 7, "  \n"])
async def test_a_generator_that_breaks_its_promise_is_a_failed_generation(desk, told) -> None:
    desk.writes(told if isinstance(told, Exception | str) else lambda _request: told, READS)
    assert (await desk.run()).generation_attempt == 2


async def test_where_regeneration_fails_the_old_code_is_not_run_again(desk, monkeypatch) -> None:
    runs: list[str] = []
    run = PythonRunner.run

    async def counted(self, job):
        runs.append(job.code)
        return await run(self, job)

    monkeypatch.setattr(PythonRunner, "run", counted)
    desk.writes(FAILS, CodeGenerationError("the model is silent"))
    with pytest.raises(CodeGenerationError, match="silent"):
        await desk.run()
    assert runs == [FAILS]


async def test_the_same_code_again_spends_no_budget(desk) -> None:
    desk.writes(FAILS)
    with pytest.raises(CodeRuntimeError):
        await desk.run()
    assert len(desk.asked) == 2


@pytest.mark.parametrize("error", [SandboxError("no tier"), ConnectorError("the target is gone")])
async def test_what_the_code_is_not_at_fault_for_writes_no_other_code(desk, monkeypatch, error) -> None:
    async def broken(self, job):
        raise error

    desk.writes(READS)
    with monkeypatch.context() as patched:
        patched.setattr(PythonRunner, "run", broken)
        with pytest.raises(type(error)):
            await desk.run()
    assert len(desk.asked) == 1


async def test_a_missing_result_is_told_and_written_again(desk) -> None:
    desk.writes("results = {'a': 1}\n", "results = {'a': 1, 'b': 2}\n")
    result = await desk.run(expected_results={"a": "int", "b": "int"})
    assert result.execution_result.results == {"a": 1, "b": 2}
    assert "'b' (int)" in desk.asked[1][1][0]
    assert result.analysis_warnings == ()


@pytest.mark.parametrize("retries", [0, 2])
async def test_a_result_that_stays_missing_is_reported(desk, retries: int) -> None:
    desk.writes("results = {'a': 1}\n")
    result = await desk.run(expected_results={"a": "int", "b": "int"}, retries=retries)
    assert result.execution_result.results == {"a": 1}
    [warning] = result.analysis_warnings
    assert "'b' (int)" in warning


async def test_code_that_leaves_nothing_is_an_error_with_the_remedy(desk) -> None:
    desk.writes("print('done')\n")
    with pytest.raises(CodeRuntimeError, match="never set `results`: assign"):
        await desk.run()


async def test_the_time_of_a_run_is_the_configurations(open_desk) -> None:
    desk = await open_desk("python_executor: {execution_timeout_seconds: 1}\n")
    desk.writes("while True: pass\n")
    with pytest.raises(ExecutionTimeoutError, match="execution_timeout_seconds") as failed:
        await desk.run(retries=0)
    assert failed.value.timeout_seconds == 1.0
