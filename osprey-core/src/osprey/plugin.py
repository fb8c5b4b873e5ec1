"""What Osprey brings along: the mock connector, the phrasebook, and the steps of a plan."""

from __future__ import annotations

from collections.abc import Iterable

from osprey.api import (
    ApprovalKind,
    Capability,
    Command,
    Connector,
    Generator,
    Model,
    Notifier,
    Prompt,
    Service,
    hookimpl,
)
from osprey.cli.table import CORE_COMMANDS


@hookimpl
def osprey_connectors() -> Iterable[Connector]:
    """Declare the connector that needs no machine."""
    yield Connector(
        name="mock",
        summary="Accepts any channel and answers with repeatable values; for trying things out and tests",
        implementation="osprey.control.mock.connector:MockConnector",
        settings="osprey.control.mock.connector:MockSettings",
        simulated=True,
        value_field="VAL",
    )


@hookimpl
def osprey_generators() -> Iterable[Generator]:
    """Declare the writers of Python that need nothing but the core."""
    home = "osprey.services.python_executor.generation"
    yield Generator(
        name="auto",
        summary="The phrasebook for what it has a template for, else basic where a model is configured",
        implementation=f"{home}.automatic:AutomaticGenerator",
    )
    yield Generator(
        name="phrasebook",
        summary="Fills tested templates; needs no model and no network",
        implementation=f"{home}.phrasebook:PhrasebookGenerator",
    )
    yield Generator(
        name="basic",
        summary="Asks a chat model once",
        implementation=f"{home}.basic.generator:BasicLLMCodeGenerator",
        settings=f"{home}.basic.settings:BasicSettings",
    )
    yield Generator(
        name="mock",
        summary="Writes what it is told to, at once; for tests",
        implementation=f"{home}.mock:MockCodeGenerator",
        settings=f"{home}.mock:MockSettings",
    )


@hookimpl
def osprey_services() -> Iterable[Service]:
    """Declare the service that capabilities have Python written and carried out by."""
    yield Service(
        name="python_executor",
        summary="Writes Python for a request, rehearses it, asks, applies what was approved, and records it",
        implementation="osprey.services.python_executor.service.facade:PythonExecutorService",
    )


@hookimpl
def osprey_capabilities() -> Iterable[Capability]:
    """Declare the steps that every plan can use."""
    yield _capability(
        "channel_find",
        "Find channels by words",
        "CHANNEL_ADDRESSES",
        "Only where the person asks which channels there are; channels of the task stand in the list already.",
    )
    yield _capability("channel_read", "Read channels now", "CHANNEL_VALUES", "For present values.")
    yield _capability(
        "channel_write",
        "Write channels, after approval",
        "CHANNEL_WRITE_RESULTS",
        "Only where the person asks for a change. A relative change is 'delta'; many points of one channel are 'scan'.",
    )
    yield _capability(
        "archive_read",
        "Read past values of channels",
        "ARCHIVER_DATA",
        "For past values as figures: mean, extremes, number of samples.",
    )
    yield _capability(
        "python",
        "Run Python in the sandbox, and what it asks to write after approval",
        "PYTHON_RESULTS",
        "For plots and analyses. Its code is written from task_objective, so say there all that it needs: channels, "
        "span, figures, what is drawn. It reads channels and the archive by itself, and gets what its inputs left.",
    )
    yield _capability(
        "memory",
        "Save and recall notes of the user",
        "MEMORY_CONTEXT",
        "Only where the person asks to remember something, or what is remembered.",
    )
    yield _capability(
        "time_range",
        "Turn words into a span of time",
        "TIME_RANGE",
        "Where a span is said in words, such as yesterday morning: archive_read takes it as its input.",
    )
    yield _capability(
        "snapshot_save",
        "Save what channels read now",
        "SNAPSHOT",
        "Only where the person asks to keep the present values, to compare with or to come back to.",
    )
    yield _capability(
        "snapshot_restore",
        "Bring channels back to a snapshot, after approval",
        "CHANNEL_WRITE_RESULTS",
        "Only where the person asks to go back to a snapshot that has a name.",
    )
    yield _capability(
        "scan",
        "Scan channels over a grid or a list and measure, after approval",
        "SCAN_DATA",
        "Where set points are moved through several values while others are measured.",
    )
    yield _capability(
        "context",
        "List or show what earlier steps left behind",
        guide="Only where the person asks what was found or done before in this turn.",
    )
    yield _capability(
        "status",
        "Say what waits, which targets there are, whether writes are halted",
        guide="Only where the person asks about Osprey itself, not about the machine.",
    )


@hookimpl
def osprey_approval_kinds() -> Iterable[ApprovalKind]:
    """Declare the kinds of requests that the core files, and those that its plugins share."""
    kinds = "osprey.approval.kinds"
    yield ApprovalKind(
        name="channel_write",
        summary="A list of writes, shown with old and new values",
        implementation=f"{kinds}.channel_write:ChannelWriteKind",
        is_on_machine=True,
    )
    yield ApprovalKind(
        name="python_executor",
        summary="Generated code, with the writes that its rehearsal made",
        implementation="osprey.services.python_executor.applying.code_kind:PythonCodeKind",
        is_on_machine=True,
    )
    yield ApprovalKind(
        name="orchestrator_plan",
        summary="A plan before its first step",
        implementation="osprey.agent.plan_approval.kind:PlanKind",
    )
    yield ApprovalKind(
        name="reactive_orchestrator_step",
        summary="The next step of work that is planned as it goes",
        implementation="osprey.agent.plan_approval.kind:ReactiveStepKind",
    )
    yield ApprovalKind(
        name="memory",
        summary="A change to what is remembered: memory_save, memory_edit ...",
        implementation=f"{kinds}.texts:MemoryKind",
        is_family=True,
    )
    yield ApprovalKind(
        name="logbook_entry",
        summary="An entry in a logbook that others read",
        implementation=f"{kinds}.texts:LogbookEntryKind",
    )
    yield ApprovalKind(
        name="deployment",
        summary="Services to be started, changed or stopped",
        implementation=f"{kinds}.texts:DeploymentKind",
    )
    yield ApprovalKind(
        name="capability_step",
        summary="A step of any other capability, where the configuration wants it approved",
        implementation=f"{kinds}.texts:CapabilityStepKind",
    )


@hookimpl
def osprey_notifiers() -> Iterable[Notifier]:
    """Declare the ways to tell people of requests that need no plugin."""
    yield _notifier("desktop", "A message on the desktop of whoever runs Osprey", "desktop:Desktop")
    yield _notifier("email", "A mail over SMTP", "mail:Mail")
    yield _notifier("webhook", "JSON to a program of the facility, signed if it wants that", "webhook:Webhook")
    yield _notifier("chat", "A message in a channel of Slack, Mattermost and the like", "chat:Chat")


@hookimpl
def osprey_prompts() -> Iterable[Prompt]:
    """Declare what the models that read and plan are told."""
    yield _prompt("understand", "Make a standalone task of a message, and choose the kinds of its steps")
    yield _prompt("classify", "Choose the kinds of steps that a task needs")
    yield _prompt("plan", "Plan a task as steps")
    yield _prompt("repair-plan", "Have a plan that cannot run made anew")
    yield _prompt("react", "Work on a task step by step")
    yield _prompt("write-python", "Write the program of one step, for the sandbox")
    yield _prompt("answer", "Say in words what the steps of a task have shown")
    yield _prompt("choose-channels", "Choose channels among numbered candidates")


@hookimpl
def osprey_models() -> Iterable[Model]:
    """Declare the endpoint that answers from a recording, for tests and for support."""
    yield Model(
        name="replay",
        summary="Answers with what models.recording has recorded; needs no network",
        implementation="osprey.models.chat.replay:ReplayModel",
    )


@hookimpl
def osprey_commands() -> Iterable[Command]:
    """Declare the commands of the command line, so that no plugin can quietly take one of their names."""
    for name, (implementation, summary) in CORE_COMMANDS.items():
        yield Command(name=name, summary=summary, implementation=implementation)


def _capability(name: str, summary: str, context: str = "", guide: str = "") -> Capability:
    camel = "".join(word.capitalize() for word in name.split("_"))
    return Capability(
        name=name,
        summary=summary,
        implementation=f"osprey.agent.capabilities.{name}:{camel}Capability",
        provides=(context,) if context else (),
        parameters=f"osprey.agent.capabilities.parameters:{camel}Parameters",
        guide=guide,
    )


def _prompt(name: str, summary: str) -> Prompt:
    return Prompt(name=name, summary=summary, file=f"osprey.prompts:texts/{name}.md")


def _notifier(name: str, summary: str, stem: str) -> Notifier:
    place = f"osprey.approval.notifiers.{stem}"
    return Notifier(name=name, summary=summary, implementation=f"{place}Notifier", settings=f"{place}Settings")
