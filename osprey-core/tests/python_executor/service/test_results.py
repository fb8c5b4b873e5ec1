"""What the service gives for a request that asks nobody: one typed result, its files, and what it is told of."""

from __future__ import annotations

import json

import pytest

from osprey.errors import ConfigError, PluginError, RefusedError, UsageError
from osprey.plugins import LoadOptions
from osprey.project import current_project, open_project
from osprey.registry import get_registry
from osprey.services.python_executor import (
    AnalysisPhase,
    PlanningMode,
    PythonExecutionRequest,
    PythonExecutorService,
    PythonServiceResult,
    ServiceStatus,
    StructuredPlan,
)
from osprey.services.python_executor.exceptions import ContainerConfigurationError
from osprey.services.python_executor.service import Stage, StageBegan

from .conftest import READS

pytestmark = [pytest.mark.anyio, pytest.mark.sandbox]


async def test_a_run_that_reads_gives_results_and_files(desk) -> None:
    desk.writes(READS)
    result = await desk.run(execution_folder_name="../Beam Analysis!")
    assert isinstance(result, PythonServiceResult)
    assert (result.status, result.generated_code, result.generation_attempt) == (ServiceStatus.DONE, READS, 1)
    found = result.execution_result
    assert found.results == {"bend": await desk.value()}
    assert json.loads((found.folder_path / "results.json").read_text()) == found.results
    assert found.folder_path.parent == desk.project.state_dir / "runs"
    assert "_beam-analysis_" in found.folder_path.name
    assert found.notebook_path.is_file()
    assert found.notebook_link == found.notebook_path.as_uri()
    assert found.to_dict()["execution_folder"] == str(found.folder_path)
    assert await desk.requests() == []


async def test_the_registrys_service_is_the_one_that_is_built_directly(desk) -> None:
    desk.writes(READS)
    service = get_registry().get_service("python_executor")
    assert isinstance(service, PythonExecutorService)
    assert current_project().registry.get_service("python_executor") is service
    config = {"configurable": {"thread_id": "one"}}
    request = PythonExecutionRequest(user_query="q", task_objective="Look")
    first = await service.ainvoke(request, config)
    second = await PythonExecutorService().ainvoke(request, config)
    assert first.execution_result.results == second.execution_result.results
    assert first.execution_result.folder_path != second.execution_result.folder_path


async def test_what_the_caller_knows_reaches_the_generator(desk) -> None:
    desk.writes("from osprey.runtime import inputs\nresults = {'n': inputs['beam'], 'm': 1}\n")
    plan = StructuredPlan(
        phases=[AnalysisPhase(phase="Collect", subtasks=["read"], output_state="readings")],
        result_schema={"m": "int"},
        domain_guidance="Orbits are in mm",
    )
    result = await desk.run(
        capability_prompts=["Be brief"],
        expected_results={"n": "int"},
        capability_context_data={"beam": 7},
        session_context={"shift": "night"},
        planning_mode="capability_driven",
        structured_plan=plan,
    )
    assert result.execution_result.results == {"n": 7, "m": 1}
    [(request, errors)] = desk.asked
    assert errors == []
    assert request.capability_prompts == ("Be brief", "Phase 1: Collect: read -> readings", "Orbits are in mm")
    assert request.expected_results == {"m": "int", "n": "int"}
    assert (request.capability_context_data, request.session_context) == ({"beam": 7}, {"shift": "night"})
    assert request.execution_folder_path == result.execution_result.folder_path
    assert request.planning_mode is PlanningMode.CAPABILITY_DRIVEN


async def test_stages_are_told_in_their_order(desk) -> None:
    desk.writes(READS)
    told: list[StageBegan] = []
    request = PythonExecutionRequest(user_query="q", task_objective="Look")
    await desk.service.ainvoke(request, {"configurable": {"thread_id": "one"}}, listener=told.append)
    assert [one.stage for one in told] == [Stage.GENERATION, Stage.ANALYSIS, Stage.EXECUTION, Stage.COMPLETE]


async def test_code_that_is_handed_in_is_the_first_to_be_tried(desk) -> None:
    desk.writes("results = 'the generator'")
    result = await desk.run(approved_code="results = {'mine': 1}\n")
    assert result.execution_result.results == {"mine": 1}
    assert desk.asked == []


async def test_a_run_goes_on_in_a_folder_that_is_one_of_the_projects(desk, tmp_path) -> None:
    desk.writes(READS)
    first = await desk.run()
    folder = first.execution_result.folder_path
    second = await desk.run(existing_execution_folder=str(folder))
    assert second.execution_result.folder_path == folder
    with pytest.raises(UsageError, match="existing_execution_folder"):
        await desk.run(existing_execution_folder=str(tmp_path))


@pytest.mark.parametrize("config", [None, {}, {"configurable": {}}, {"configurable": {"thread_id": ""}}])
async def test_a_call_without_a_thread_names_the_key(desk, config) -> None:
    with pytest.raises(UsageError, match=r"configurable\.thread_id"):
        await desk.service.ainvoke(PythonExecutionRequest(user_query="q", task_objective="o"), config)


async def test_what_is_no_request_is_a_type_error(desk) -> None:
    with pytest.raises(TypeError, match="PythonExecutionRequest"):
        await desk.service.ainvoke({"user_query": "q"}, {"configurable": {"thread_id": "one"}})


async def test_a_call_may_ask_for_as_much_isolation_and_never_for_less(desk) -> None:
    desk.writes(READS)
    assert (await desk.run(config={"execution_method": "local"})).status is ServiceStatus.DONE
    with pytest.raises(ContainerConfigurationError, match="execution_method is container"):
        await desk.run(config={"execution_method": "container"})
    with pytest.raises(ConfigError, match="execution_method is 'podman'"):
        await desk.run(config={"execution_method": "podman"})


async def test_a_project_that_wants_a_container_gets_nothing_weaker(open_desk) -> None:
    desk = await open_desk("  execution_method: container\n")
    with pytest.raises(RefusedError) as refused:
        await desk.run(config={"execution_method": "local"})
    assert refused.value.rule == "python.execution_method"
    with pytest.raises(ConfigError, match=r"execution\.execution_method"):
        await desk.run()
    assert desk.asked == []


@pytest.mark.parametrize("fields", [{"retries": -1}, {"retries": True}, {"planning_mode": "capability_driven"}])
def test_a_request_that_makes_no_sense_is_refused_at_once(fields) -> None:
    with pytest.raises(UsageError):
        PythonExecutionRequest(user_query="q", task_objective="o", **fields)


async def test_a_service_that_nobody_declares_is_named(desk) -> None:
    with pytest.raises(PluginError, match="'python_executer'"):
        get_registry().get_service("python_executer")


async def test_a_plugin_declares_a_service_and_one_that_cannot_be_called_is_named(tmp_path, monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "toy_services.py").write_text(
        "from osprey.api import Service, hookimpl\n"
        "@hookimpl\n"
        "def osprey_services():\n"
        "    for name in ('Fits', 'Lacks'):\n"
        "        yield Service(name=name.lower(), summary='s', implementation=f'toy_services:{name}')\n"
        "class Fits:\n"
        "    async def ainvoke(self, request, config=None):\n"
        "        return request + 1\n"
        "class Lacks: pass\n",
        encoding="utf-8",
    )
    async with open_project(tmp_path, options=LoadOptions(local=(tmp_path / "toy_services.py",))) as project:
        assert await project.registry.get_service("fits").ainvoke(1) == 2
        with pytest.raises(PluginError, match="'lacks' has no method ainvoke"):
            project.registry.get_service("lacks")
