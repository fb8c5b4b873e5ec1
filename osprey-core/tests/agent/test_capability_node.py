"""A plugin's capabilities under `@capability_node` in real turns, in every form in which `execute` can be written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from osprey.agent.state import TurnStatus
from osprey.base import (
    AgentState,
    ApprovalNeeded,
    BaseCapability,
    ErrorClassification,
    ErrorSeverity,
    StepFailedError,
    StepResult,
    capability_node,
    classify,
)
from osprey.errors import ConnectorError, PluginError, RefusedError, UsageError

pytestmark = pytest.mark.anyio

PLUGIN = '''
"""A facility's capabilities."""

from attrs import frozen
from osprey.api import (
    AgentState, BaseCapability, Capability, CapabilityContext, ErrorClassification, capability_node, hookimpl,
)


@frozen(kw_only=True)
class OrbitShape(CapabilityContext):
    CONTEXT_TYPE = "ORBIT_SHAPE"
    rms: float
    unit: str = "mm"


@capability_node
class Measure(BaseCapability):
    name = "measure"
    description = "Measure the orbit"
    provides = ["ORBIT_SHAPE"]

    async def execute(self) -> dict:
        factor = self.get_parameters().get("factor", 1)
        return self.store_output_context(OrbitShape(rms=0.25 * factor))


@capability_node
class Judge(BaseCapability):
    name = "judge"
    description = "Judge the orbit"
    provides = ["VERDICT"]
    requires = [("ORBIT_SHAPE", "single")]
    contexts = (OrbitShape,)

    async def execute(self):
        (shape,) = self.get_required_contexts()
        told = "good" if shape.rms < 0.3 else "bad"
        of = shape.provenance.step
        return self.store_output_context({"verdict": told, "of": of, "for": self.get_task_objective()})


@capability_node
class Static(BaseCapability):
    name = "static"
    description = "Written as a static method"

    @staticmethod
    async def execute(state: AgentState, **kwargs):
        return {"asked": state.input_output["user_query"], "step": kwargs["step"].get("context_key")}


@capability_node
class Plain(BaseCapability):
    name = "plain"
    description = "Written without self"

    async def execute(state: AgentState, **kwargs):
        return {"task": state.current_task, "user": state["user_id"].split(":")[0], "there": sorted(state.contexts())}


@capability_node
class Breaks(BaseCapability):
    name = "breaks"
    description = "Raises"

    async def execute(self):
        raise ValueError("the magnet is warm")

    @staticmethod
    def classify_error(exc, context):
        return ErrorClassification("retriable", f"{context['context_key']}: {exc}")


@capability_node
class Strange(BaseCapability):
    name = "strange"
    description = "Returns what nothing reads"

    async def execute(self):
        return {**self.store_output_context({"x": 1}), "messages": ["hello"]}


@hookimpl
def osprey_capabilities():
    for cls in ("Measure", "Judge", "Static", "Plain", "Breaks", "Strange"):
        yield Capability(name=cls.lower(), summary=cls, implementation=f"{__name__}:{cls}")
'''


@pytest.fixture
async def toy(open_bench) -> Any:
    return await open_bench(plugin=PLUGIN)


async def test_what_one_step_leaves_the_next_gets_typed_with_where_it_comes_from(toy) -> None:
    done = await toy.run(toy.step("orbit", "measure"), toy.step("verdict", "judge"))
    assert done.status is TurnStatus.DONE, done.answer
    contexts = done.contexts
    assert contexts["orbit"] | {"provenance": None} == {
        "context_type": "ORBIT_SHAPE",
        "provenance": None,
        "rms": 0.25,
        "unit": "mm",
    }
    assert contexts["orbit"]["provenance"]["capability"] == "measure"
    assert contexts["orbit"]["provenance"]["target"] == "bench"
    verdict = contexts["verdict"]
    assert (verdict["verdict"], verdict["of"], verdict["for"]) == ("good", "orbit", "Do verdict")
    assert "verdict: good" in done.answer


async def test_parameters_of_the_plan_reach_it(toy) -> None:
    done = await toy.run(toy.step("orbit", "measure", factor=4), toy.step("verdict", "judge"))
    assert done.contexts["verdict"]["verdict"] == "bad"


async def test_a_required_context_that_is_missing_is_named(toy) -> None:
    done = await toy.run(toy.step("verdict", "judge"))
    assert done.status is TurnStatus.FAILED
    assert "step 'verdict' of capability 'judge' needs ORBIT_SHAPE, which no earlier step leaves behind" in done.answer


async def test_of_several_where_one_is_needed_the_input_of_the_plan_decides(toy) -> None:
    two = (toy.step("a", "measure"), toy.step("b", "measure", factor=4))
    unsaid = await toy.run(*two, toy.step("verdict", "judge"))
    assert "needs one ORBIT_SHAPE, and a, b leave one each" in unsaid.answer
    said = await toy.run(*two, toy.step("verdict", "judge", inputs={"ORBIT_SHAPE": "b"}))
    assert said.contexts["verdict"]["of"] == "b"


async def test_the_state_is_given_to_the_forms_that_take_it(toy) -> None:
    done = await toy.run(toy.step("one", "static"), toy.step("two", "plain"), question="look at the orbit")
    contexts = done.contexts
    assert (contexts["one"]["asked"], contexts["one"]["step"]) == ("look at the orbit", "one")
    assert (contexts["two"]["task"], contexts["two"]["user"]) == ("look at the orbit", "os")
    assert contexts["two"]["there"] == ["one"]


async def test_an_error_of_the_application_ends_the_step_in_its_own_words(toy) -> None:
    done = await toy.run(toy.step("one", "breaks"), toy.step("two", "plain"))
    assert done.status is TurnStatus.FAILED
    assert "capability 'breaks' failed: one: the magnet is warm" in done.answer
    assert "Not done: Do two." in done.answer


async def test_what_nothing_would_read_is_not_taken_in_silence(toy) -> None:
    done = await toy.run(toy.step("one", "strange"))
    assert "capability 'strange' returned messages beside its context" in done.answer


def _step() -> Any:
    from osprey.base import PlannedStep

    return PlannedStep(context_key="k", capability="c", task_objective="")


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"name": "", "description": "d"}, "'name' is a text that is not empty, not ''"),
        ({"name": 3}, "'name' is a text that is not empty, not 3"),
        ({"name": "n", "description": " "}, "'description' is a text that is not empty"),
        ({"name": "n", "description": "d"}, "needs 'async def execute"),
        ({"name": "n", "description": "d", "execute": lambda self: None}, "needs 'async def execute"),
    ],
)
def test_a_class_that_cannot_be_a_step_is_refused_when_it_is_defined(body: Mapping[str, Any], told: str) -> None:
    with pytest.raises(PluginError, match=told):
        capability_node(type("Wrong", (BaseCapability,), dict(body)))


def test_a_class_that_does_not_say_is_called_after_itself() -> None:
    @capability_node
    class BPMOrbitAnalysisCapability(BaseCapability):
        """Analyse the orbit.

        At length.
        """

        async def execute(self) -> None: ...

    @capability_node
    class Bare(BaseCapability):
        async def execute(self) -> None: ...

    assert BPMOrbitAnalysisCapability.name == "bpm_orbit_analysis"
    assert BPMOrbitAnalysisCapability.description == "Analyse the orbit."
    assert (Bare.name, Bare.description) == ("bare", "bare")


def test_a_class_without_the_base_gets_it() -> None:
    @capability_node
    class Bare:
        name = "bare"
        description = "no base"

        async def execute(self) -> None: ...

    assert issubclass(Bare, BaseCapability)
    assert Bare.__name__ == "Bare"


async def test_an_own_prepare_is_left_alone(bench) -> None:
    @capability_node
    class Own(BaseCapability):
        name = "own"
        description = "writes prepare itself"

        async def prepare(self) -> StepResult | ApprovalNeeded:
            return StepResult(text="mine")

    assert (await Own(bench.project, {}, _step()).prepare()) == StepResult(text="mine")


async def test_the_error_keeps_what_the_capability_made_of_it(bench) -> None:
    @capability_node
    class Broken(BaseCapability):
        name = "broken"
        description = "raises"

        async def execute(self) -> None:
            raise TimeoutError("late")

    with pytest.raises(StepFailedError) as failed:
        await Broken(bench.project, {}, _step()).prepare()
    assert failed.value.classification == ErrorClassification(ErrorSeverity.RETRIABLE, "late")
    assert isinstance(failed.value.__cause__, TimeoutError)


@pytest.mark.parametrize("judge", [lambda exc, context: "retriable", lambda exc, context: 1 / 0])
async def test_a_judge_of_errors_that_is_wrong_itself_makes_it_critical(bench, judge: Any) -> None:
    @capability_node
    class Broken(BaseCapability):
        name = "broken"
        description = "raises"
        classify_error = staticmethod(judge)

        async def execute(self) -> None:
            raise ValueError("warm")

    with pytest.raises(StepFailedError, match="warm") as failed:
        await Broken(bench.project, {}, _step()).prepare()
    assert failed.value.classification.severity is ErrorSeverity.CRITICAL


async def test_several_contexts_stand_under_keys_of_their_own(bench) -> None:
    @capability_node
    class Two(BaseCapability):
        name = "two"
        description = "leaves two"
        provides = ("A",)

        async def execute(self) -> dict[str, Any]:
            a = {"value": 1}
            from osprey.base.contexts import TimeRange

            return self.store_output_contexts(a, TimeRange(start_ns=1, end_ns=2))

    result = await Two(bench.project, {"target": "bench"}, _step()).prepare()
    assert isinstance(result, StepResult)
    assert result.context["context_type"] == "A"
    state = Two(bench.project, {"contexts": {"k": result.context}}, _step())._state
    assert list(state.contexts()) == ["k", "k_time_range"]
    assert state["capability_context_data"]["TIME_RANGE"]["k_time_range"]["end_ns"] == 2


async def test_a_value_that_is_no_json_is_named(bench) -> None:
    @capability_node
    class Odd(BaseCapability):
        name = "odd"
        description = "leaves an object"
        provides = ("ODD",)

        async def execute(self) -> dict[str, Any]:
            return self.store_output_context({"x": object()})

    from osprey.errors import UsageError

    with pytest.raises(UsageError, match="ODD cannot be kept"):
        await Odd(bench.project, {}, _step()).prepare()


async def test_a_slash_command_of_a_capability_is_found(bench) -> None:
    class Any_(BaseCapability):  # noqa: N801
        name = "any"
        description = "any"

    one = Any_(bench.project, {"commands": {"fast": True, "depth": "3"}}, _step())
    assert (one.slash_command("fast"), one.slash_command("/depth"), one.slash_command("slow")) == (True, "3", None)
    assert one.get_logger().name == "osprey.capability.any"
    assert one.get_retry_policy() == {"max_attempts": 3, "delay_seconds": 0.5, "backoff_factor": 1.5}


async def test_a_subclass_runs_its_own_execute_in_its_own_form(bench) -> None:
    @capability_node
    class Parent(BaseCapability):
        name = "parent"
        description = "p"

        async def execute(self) -> dict[str, Any]:
            return {"from": "parent"}

    class Child(Parent):
        async def execute(self) -> dict[str, Any]:
            return {"from": "child"}

    @capability_node
    class Stateful(Parent):
        async def execute(state, **kwargs) -> dict[str, Any]:  # noqa: N805
            return {"from": state["user_query"]}

    told = [
        (await one(bench.project, {"user_query": "state"}, _step()).prepare()).context["from"]
        for one in (Parent, Child, Stateful)
    ]
    assert told == ["parent", "child", "state"]


async def test_a_refusal_is_fatal_whatever_the_capability_makes_of_it(bench) -> None:
    class Lenient(BaseCapability):
        name = "lenient"
        description = "l"

        @staticmethod
        def classify_error(exc: Exception, context: Mapping[str, Any]) -> ErrorClassification:
            return ErrorClassification("retriable")

    one = Lenient(bench.project, {}, _step())
    assert classify(one, RefusedError("no", rule="limits.max")).severity is ErrorSeverity.FATAL
    assert classify(one, ValueError("x")).severity is ErrorSeverity.RETRIABLE


@pytest.mark.parametrize(
    ("exc", "severity"),
    [
        (RefusedError("no", rule="r"), ErrorSeverity.FATAL),
        (ConnectorError("gone"), ErrorSeverity.RETRIABLE),
        (TimeoutError(), ErrorSeverity.RETRIABLE),
        (UsageError("missing"), ErrorSeverity.REPLANNING),
        (KeyError("x"), ErrorSeverity.CRITICAL),
    ],
)
def test_what_is_usually_made_of_an_error(exc: Exception, severity: ErrorSeverity) -> None:
    told = BaseCapability.classify_error(exc, {})
    assert told.severity is severity
    assert told.format_for_llm().startswith(f"{severity.value}: ")


def test_a_classification_reads_as_lines_and_takes_no_other_severity() -> None:
    told = ErrorClassification("replanning", "no channel", {"there is": ["A", "B"]})
    assert told.format_for_llm() == "replanning: no channel\n  there is: ['A', 'B']"
    with pytest.raises(ValueError, match="meltdown"):
        ErrorClassification("meltdown")


async def test_what_an_application_gives_back_of_earlier_steps_is_not_kept_twice(bench) -> None:
    @capability_node
    class Merging(BaseCapability):
        name = "merging"
        description = "gives all back, as the predecessor's store did"

        async def execute(self) -> dict[str, Any]:
            data = {kind: dict(some) for kind, some in self._state["capability_context_data"].items()}
            data.setdefault("MINE", {})["k"] = {"x": 1}
            return {"capability_context_data": data}

    earlier = {"context_type": "OLD", "provenance": None, "y": 2}
    result = await Merging(bench.project, {"contexts": {"old": earlier}}, _step()).prepare()
    assert isinstance(result, StepResult)
    assert (result.context["context_type"], result.context["x"]) == ("MINE", 1)
    assert "beside" not in result.context


@pytest.mark.parametrize("odd", [{"capability_context_data": 7}, {"capability_context_data": {"A": 1}}, 7, "x", [1]])
async def test_what_is_no_result_is_said(bench, odd: Any) -> None:
    @capability_node
    class Odd(BaseCapability):
        name = "odd"
        description = "o"

        async def execute(self) -> Any:
            return odd

    with pytest.raises(UsageError, match="capability 'odd'"):
        await Odd(bench.project, {}, _step()).prepare()


def test_the_state_is_read_only_and_names_what_is_close() -> None:
    state = AgentState({"user_query": "q", "target": "ring"})
    assert (state.target, state["target"], state.get("nothing"), "input_output" in state) == (
        "ring",
        "ring",
        None,
        True,
    )
    with pytest.raises(AttributeError, match="no 'user_qery'; did you mean 'user_query'"):
        _ = state.user_qery
    with pytest.raises(TypeError):
        state["target"] = "other"  # type: ignore[index]
    assert dict(state)["current_task"] == "q"
