"""The seeds' `create_*_interrupt` functions: each files a request, once a step, and gives what an interrupt carries.

They take the spellings of all seeds and guides; what one of them leaves out has a default. None of them gives a right
to do anything: what is approved is the stored document, and it is carried out from there.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Final

from osprey.approval.seeds.arguments import objective_of, plan_of, step_of, texts_of
from osprey.approval.seeds.asking import Question, ask_once, title_of
from osprey.approval.seeds.plain import plain_json
from osprey.approval.seeds.questions import ApprovalQuestion, question_about
from osprey.errors import UsageError
from osprey.project import current_project

PLAN: Final = "orchestrator_plan"
STEP: Final = "reactive_orchestrator_step"
CODE: Final = "python_executor"
_OPERATION: Final = re.compile(r"[a-z][a-z0-9_]{0,40}")
_ONE_BY_ONE: Final = "each write in it is asked for again before it is done"


def create_approval_type(capability_name: str, operation_type: str | None = None) -> str:
    """Give the type of a capability's requests, or of those for one operation of it."""
    return capability_name if operation_type is None else f"{capability_name}_{operation_type}"


def create_plan_approval_interrupt(
    execution_plan: Any = None,
    plan_file_path: Any = None,
    pending_plans_dir: Any = None,
    *,
    plan: Any = None,
    step_objective: Any = None,
    task_description: Any = None,
) -> ApprovalQuestion:
    """Ask for the approval of a plan before its first step.

    :param plan: another spelling of `execution_plan`, as `task_description` is of `step_objective`.
    :raises UsageError: it is no plan that could be shown to a person.
    """
    stated = plan_of(execution_plan, plan)
    objective = objective_of(step_objective, task_description)
    count = len(stated["steps"])
    return _ask(
        Question(
            kind=PLAN,
            title=title_of("Plan", objective),
            risk=f"{count} step{'s' if count != 1 else ''}; {_ONE_BY_ONE}",
            content={"plan": stated, "question": objective, "target": ""},
            objective=objective,
            aside=_aside(plan_file_path=plan_file_path, pending_plans_dir=pending_plans_dir),
        )
    )


def create_step_approval_interrupt(
    step: Any,
    step_number: int = 1,
    execution_plan: Any = None,
    *,
    plan: Any = None,
    step_objective: Any = None,
    task_description: Any = None,
) -> ApprovalQuestion:
    """Ask for the approval of the next step of work that is planned as it goes.

    :param plan: another spelling of `execution_plan`: what has been planned so far.
    :raises UsageError: it is no step that could be shown to a person.
    """
    stated = step_of(step, "step")
    objective = objective_of(step_objective, task_description, default=str(stated.get("task_objective", "")))
    whole = plan_of(execution_plan, plan, default={"steps": []})
    return _ask(
        Question(
            kind=STEP,
            title=title_of(f"Step {step_number}", objective),
            risk=f"one step; {_ONE_BY_ONE}",
            content={"step": stated, "step_number": int(step_number), "plan": whole},
            objective=objective,
        )
    )


def create_code_approval_interrupt(
    code: str,
    analysis_details: Any = None,
    execution_mode: Any = "read_only",
    safety_concerns: Sequence[str] | None = None,
    notebook_path: Any = None,
    notebook_link: str | None = None,
    execution_request: Any = None,
    expected_results: Any = None,
    execution_folder_path: Any = None,
    step_objective: Any = None,
    *,
    task_description: Any = None,
) -> ApprovalQuestion:
    """Ask for the approval of code. It never gives a right to write: what code would write is asked for as a list.

    :param execution_mode: shown to the person; the sandbox decides what the code can reach.
    """
    objective = objective_of(step_objective, task_description, default="Execute Python code")
    concerns = texts_of(safety_concerns, "safety_concerns")
    mode = plain_json(execution_mode, "execution_mode")
    content = {
        "code": str(code),
        "execution_mode": mode,
        "analysis_details": plain_json(analysis_details, "analysis_details"),
        "safety_concerns": concerns,
        "expected_results": plain_json(expected_results, "expected_results"),
        "step_objective": objective,
    }
    # Not approved and no part of the question: a folder has another name whenever the node runs again.
    aside = _aside(
        notebook_path=notebook_path,
        notebook_link=notebook_link,
        execution_request=execution_request,
        execution_folder_path=execution_folder_path,
    )
    return _ask(
        Question(
            kind=CODE,
            title=title_of("Code", objective),
            risk=f"runs code in the sandbox (execution_mode {mode}), without a right to write",
            content=content,
            objective=objective,
            concerns=concerns,
            aside=aside,
        )
    )


def create_memory_approval_interrupt(
    content: str,
    operation_type: str,
    user_id: str,
    existing_memory: str = "",
    step_objective: Any = None,
    *,
    task_description: Any = None,
) -> ApprovalQuestion:
    """Ask for the approval of a change to what is remembered of a user.

    :param operation_type: such as ``save``; it is a part of the request's kind, `memory_save`.
    :raises UsageError: the operation's name cannot be one.
    """
    if not _OPERATION.fullmatch(operation_type):
        msg = f"operation_type is {operation_type!r}: use a name such as 'save', in small letters"
        raise UsageError(msg)
    objective = objective_of(step_objective, task_description, default="Save content to memory")
    return _ask(
        Question(
            kind=create_approval_type("memory", operation_type),
            title=title_of("Memory", objective),
            risk="changes what is remembered; nothing of it reaches a machine",
            content={
                "content": str(content),
                "operation_type": operation_type,
                "user_id": str(user_id),
                "existing_memory": str(existing_memory),
                "step_objective": objective,
            },
            objective=objective,
        )
    )


def _ask(question: Question) -> ApprovalQuestion:
    project = current_project()
    return question_about(project, ask_once(project, question))


def _aside(**values: Any) -> dict[str, Any]:
    return {name: plain_json(value, name) for name, value in values.items()}
