"""The one page that plugin authors import from.

Declarations (`hookimpl` and the registrations) are here at once and cost nothing. Values and protocols of
the control room, and what commands of plugins need, are resolved on first use, so that a light `plugin.py`
stays light.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from osprey.errors import (
    ConfigError,
    ConnectorError,
    ModelError,
    ModelErrorKind,
    OspreyError,
    RefusedError,
    UsageError,
)
from osprey.hookspecs import hookimpl
from osprey.registrations import (
    ApprovalKind,
    Archiver,
    Capability,
    CodeAnalyzer,
    Command,
    Connector,
    Deployer,
    ExecutionPolicy,
    Generator,
    Model,
    Notifier,
    Prompt,
    Provider,
    Service,
    WritePolicy,
)

if TYPE_CHECKING:
    from osprey import control
    from osprey.approval import Card, CardSection, Draft, Facts, SectionForm, current_actor, file_request
    from osprey.approval.card import base_card
    from osprey.approval.executing import NotDoneError, carry_out_approved, spend_approved
    from osprey.approval.kinds.document import read_content, write_content
    from osprey.approval.kinds.texts import TextsKind
    from osprey.approval.notifiers.notice import Notice
    from osprey.base import (
        AgentState,
        ApprovalNeeded,
        BaseCapability,
        CapabilityContext,
        ErrorClassification,
        ErrorSeverity,
        PlannedStep,
        StepResult,
        StepStatus,
        capability_node,
    )
    from osprey.base.contexts import (
        ArchiverData,
        ChannelAddresses,
        ChannelValues,
        ChannelWriteResults,
        MemoryContext,
        PythonResults,
        ScanData,
        SnapshotContext,
        TimeRange,
    )
    from osprey.cli.context import cli_project
    from osprey.config import structure_settings
    from osprey.control import (
        SEVERITIES,
        ArchivedSample,
        ArchiveInfo,
        ArchiveSeries,
        ArchiveSpan,
        Bounds,
        ChannelInfo,
        ChannelRecord,
        ChannelStatus,
        ConnectContext,
        Denial,
        DType,
        Endpoint,
        ErrorKind,
        Fault,
        Outcome,
        PolicyItem,
        Put,
        PutResult,
        Reading,
        ReadResult,
        Requirement,
        Severity,
        Updates,
        Value,
        describe_coverage,
        to_frame,
    )
    from osprey.control.channels.channel_file import dump_channels, load_channels
    from osprey.control.limits.limits_file import load_limits
    from osprey.models.chat.faults import require_no_complaint
    from osprey.models.chat.messages import (
        AnswerForm,
        ChatMessage,
        ChatReply,
        ChatRequest,
        Finish,
        Speaker,
        TextDelta,
        ToolCall,
        ToolSpec,
        Usage,
    )
    from osprey.models.chat.protocol import ChatModel, ModelAbilities, ModelAddress
    from osprey.models.chat.reaching import address_of
    from osprey.models.chat.reading import AnswerError, ServerEvent, read_arguments, read_body, read_events, read_object
    from osprey.models.chat.wire import ModelWire
    from osprey.models.chat.wire_driver import AnswerInProgress, WireConnection, WireDriver
    from osprey.project import Project, current_project
    from osprey.services.python_executor.analysis.combining import ExecutionDecision
    from osprey.services.python_executor.analysis.report import Access, Analysis, Findings, Remark, Verdict
    from osprey.services.python_executor.exceptions import CodeGenerationError
    from osprey.services.python_executor.generation.brief import WritingBrief, writing_brief
    from osprey.services.python_executor.generation.code_block import code_block_in
    from osprey.services.python_executor.models import PythonExecutionRequest

_CONTROL = (
    "SEVERITIES",
    "ArchiveInfo",
    "ArchiveSeries",
    "ArchiveSpan",
    "ArchivedSample",
    "Bounds",
    "ChannelInfo",
    "ChannelRecord",
    "ChannelStatus",
    "ConnectContext",
    "DType",
    "Denial",
    "Endpoint",
    "ErrorKind",
    "Fault",
    "Outcome",
    "PolicyItem",
    "Put",
    "PutResult",
    "ReadResult",
    "Reading",
    "Requirement",
    "Severity",
    "Updates",
    "Value",
    "describe_coverage",
    "to_frame",
)
_CHAT = (
    "AnswerForm",
    "ChatMessage",
    "ChatReply",
    "ChatRequest",
    "Finish",
    "Speaker",
    "TextDelta",
    "ToolCall",
    "ToolSpec",
    "Usage",
)
_READING = ("AnswerError", "ServerEvent", "read_arguments", "read_body", "read_events", "read_object")
_WIRE_DRIVER = ("AnswerInProgress", "WireConnection", "WireDriver")
_ANALYSIS = ("Access", "Analysis", "Findings", "Remark", "Verdict")
_BASE = (
    "AgentState",
    "ApprovalNeeded",
    "BaseCapability",
    "CapabilityContext",
    "ErrorClassification",
    "ErrorSeverity",
    "PlannedStep",
    "StepResult",
    "StepStatus",
    "capability_node",
)
_CONTEXTS = (
    "ArchiverData",
    "ChannelAddresses",
    "ChannelValues",
    "ChannelWriteResults",
    "MemoryContext",
    "PythonResults",
    "ScanData",
    "SnapshotContext",
    "TimeRange",
)
_HOMES = {
    **dict.fromkeys(_ANALYSIS, "osprey.services.python_executor.analysis.report"),
    **dict.fromkeys(_BASE, "osprey.base"),
    **dict.fromkeys(_CONTEXTS, "osprey.base.contexts"),
    **dict.fromkeys(_CHAT, "osprey.models.chat.messages"),
    **dict.fromkeys(_READING, "osprey.models.chat.reading"),
    **dict.fromkeys(_CONTROL, "osprey.control"),
    **dict.fromkeys(_WIRE_DRIVER, "osprey.models.chat.wire_driver"),
    "Card": "osprey.approval",
    "CodeGenerationError": "osprey.services.python_executor.exceptions",
    "PythonExecutionRequest": "osprey.services.python_executor.models",
    "WritingBrief": "osprey.services.python_executor.generation.brief",
    "address_of": "osprey.models.chat.reaching",
    "code_block_in": "osprey.services.python_executor.generation.code_block",
    "current_project": "osprey.project",
    "writing_brief": "osprey.services.python_executor.generation.brief",
    "CardSection": "osprey.approval",
    "ChatModel": "osprey.models.chat.protocol",
    "Draft": "osprey.approval",
    "ExecutionDecision": "osprey.services.python_executor.analysis.combining",
    "Facts": "osprey.approval",
    "ModelAbilities": "osprey.models.chat.protocol",
    "ModelAddress": "osprey.models.chat.protocol",
    "ModelWire": "osprey.models.chat.wire",
    "NotDoneError": "osprey.approval.executing",
    "Notice": "osprey.approval.notifiers.notice",
    "Project": "osprey.project",
    "SectionForm": "osprey.approval",
    "TextsKind": "osprey.approval.kinds.texts",
    "base_card": "osprey.approval.card",
    "carry_out_approved": "osprey.approval.executing",
    "cli_project": "osprey.cli.context",
    "current_actor": "osprey.approval",
    "dump_channels": "osprey.control.channels.channel_file",
    "file_request": "osprey.approval",
    "load_channels": "osprey.control.channels.channel_file",
    "load_limits": "osprey.control.limits.limits_file",
    "read_content": "osprey.approval.kinds.document",
    "spend_approved": "osprey.approval.executing",
    "require_no_complaint": "osprey.models.chat.faults",
    "structure_settings": "osprey.config",
    "write_content": "osprey.approval.kinds.document",
}

__all__ = [
    "SEVERITIES",
    "Access",
    "AgentState",
    "Analysis",
    "AnswerError",
    "AnswerForm",
    "AnswerInProgress",
    "ApprovalKind",
    "ApprovalNeeded",
    "ArchiveInfo",
    "ArchiveSeries",
    "ArchiveSpan",
    "ArchivedSample",
    "Archiver",
    "ArchiverData",
    "BaseCapability",
    "Bounds",
    "Capability",
    "CapabilityContext",
    "Card",
    "CardSection",
    "ChannelAddresses",
    "ChannelInfo",
    "ChannelRecord",
    "ChannelStatus",
    "ChannelValues",
    "ChannelWriteResults",
    "ChatMessage",
    "ChatModel",
    "ChatReply",
    "ChatRequest",
    "CodeAnalyzer",
    "CodeGenerationError",
    "Command",
    "ConfigError",
    "ConnectContext",
    "Connector",
    "ConnectorError",
    "DType",
    "Denial",
    "Deployer",
    "Draft",
    "Endpoint",
    "ErrorClassification",
    "ErrorKind",
    "ErrorSeverity",
    "ExecutionDecision",
    "ExecutionPolicy",
    "Facts",
    "Fault",
    "Findings",
    "Finish",
    "Generator",
    "MemoryContext",
    "Model",
    "ModelAbilities",
    "ModelAddress",
    "ModelError",
    "ModelErrorKind",
    "ModelWire",
    "NotDoneError",
    "Notice",
    "Notifier",
    "OspreyError",
    "Outcome",
    "PlannedStep",
    "PolicyItem",
    "Project",
    "Prompt",
    "Provider",
    "Put",
    "PutResult",
    "PythonExecutionRequest",
    "PythonResults",
    "ReadResult",
    "Reading",
    "RefusedError",
    "Remark",
    "Requirement",
    "ScanData",
    "SectionForm",
    "ServerEvent",
    "Service",
    "Severity",
    "SnapshotContext",
    "Speaker",
    "StepResult",
    "StepStatus",
    "TextDelta",
    "TextsKind",
    "TimeRange",
    "ToolCall",
    "ToolSpec",
    "Updates",
    "Usage",
    "UsageError",
    "Value",
    "Verdict",
    "WireConnection",
    "WireDriver",
    "WritePolicy",
    "WritingBrief",
    "address_of",
    "base_card",
    "capability_node",
    "carry_out_approved",
    "cli_project",
    "code_block_in",
    "control",
    "current_actor",
    "current_project",
    "describe_coverage",
    "dump_channels",
    "file_request",
    "hookimpl",
    "load_channels",
    "load_limits",
    "read_arguments",
    "read_body",
    "read_content",
    "read_events",
    "read_object",
    "require_no_complaint",
    "spend_approved",
    "structure_settings",
    "to_frame",
    "write_content",
    "writing_brief",
]


def __getattr__(name: str) -> Any:
    if name == "control":
        return import_module("osprey.control")
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    msg = f"osprey.api has no {name!r}"
    raise AttributeError(msg)
