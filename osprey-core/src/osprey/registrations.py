"""What a plugin declares: frozen values that name their implementation as ``"module:Name"``.

A registration imports nothing. The kernel resolves ``implementation`` once, on first use, so listing a
hundred plugins costs no more than reading their declarations.
"""

from __future__ import annotations

import re
from typing import Any

from attrs import Attribute, field, frozen

_NAME = re.compile(r"[a-z][a-z0-9]*(?:[_-][a-z0-9]+)*")
_REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*")
_TABLE_FILE = re.compile(r"[A-Za-z_][\w.]*:[\w-]+(?:/[\w-]+)*\.toml")
_DATA_FILE = re.compile(r"[A-Za-z_][\w.]*:[\w-]+(?:/[\w-]+)*\.md")


def _is_name(instance: object, attribute: Attribute[str], value: str) -> None:
    if not _NAME.fullmatch(value):
        msg = f"{type(instance).__name__} name {value!r}: use lower-case words joined by '_' or '-'"
        raise ValueError(msg)


def _is_reference(instance: object, attribute: Attribute[Any], value: Any) -> None:
    if value is not None and not _REFERENCE.fullmatch(value):
        msg = f"{type(instance).__name__}.{attribute.name} {value!r}: write it as 'module:Name'"
        raise ValueError(msg)


def _is_data_file(instance: object, attribute: Attribute[str], value: str) -> None:
    if not _DATA_FILE.fullmatch(value):
        msg = f"{type(instance).__name__}.{attribute.name} {value!r}: write it as 'package:folder/name.md'"
        raise ValueError(msg)


def _is_table_file(instance: object, attribute: Attribute[str], value: str) -> None:
    if value and not _TABLE_FILE.fullmatch(value):
        msg = f"{type(instance).__name__}.{attribute.name} {value!r}: write it as 'package:folder/name.toml'"
        raise ValueError(msg)


@frozen(kw_only=True)
class Registration:
    """What every registration carries."""

    name: str = field(validator=_is_name)
    """Unique in its extension point; what a user writes in the configuration."""
    summary: str
    """One line, shown by `osprey plugins show` and `--help` without importing the implementation."""
    implementation: str = field(validator=_is_reference)
    """Where the implementation lives, as ``"module:Name"``."""
    requires: tuple[str, ...] = ()
    """Importable modules that the implementation needs; a missing one is named with the remedy."""
    settings: str | None = field(default=None, validator=_is_reference)
    """An attrs class, as ``"module:Name"``, that checks this entry's section of the configuration."""


@frozen(kw_only=True)
class Connector(Registration):
    """A control system: see `osprey.control.Connector` for the protocol of the implementation."""

    simulated: bool = False
    """True if no real machine can be reached through it. Only then may a target have posture `simulation`."""
    folds_case: bool = False
    """True if the control system takes ``SR/Mag/1`` and ``sr/mag/1`` for one name (Tango). Its connector then gives
    canonical names in lower case, and limits are looked up without regard to letter case."""
    value_field: str = ""
    """The field that a name means where it states none, such as ``VAL``: in limits ``X`` and ``X.VAL`` are then one
    channel. Empty: a name that ends in ``.VAL`` is a name like any other."""


@frozen(kw_only=True)
class Archiver(Registration):
    """A source of past values: see `osprey.control.Archiver` for the protocol of the implementation."""


@frozen(kw_only=True)
class Capability(Registration):
    """A kind of step that a plan can contain: a `BaseCapability` or a class of its shape."""

    provides: tuple[str, ...] = ()
    """Context types that a step of this capability leaves behind."""
    consumes: tuple[str, ...] = ()
    """Context types that must exist before a step of it can run."""
    commands: tuple[str, ...] = ()
    """Slash commands that are handed to its steps: what ``/name[:value] TEXT`` says, `BaseCapability.slash_command`
    gives."""
    parameters: str | None = field(default=None, validator=_is_reference)
    """An attrs class, as ``"module:Name"``, that checks the parameters of a step before it runs. A model is shown its
    fields, with what their metadata says under ``about``. None: any parameters are taken."""
    guide: str = ""
    """For a model that plans: when to use it, and what it is not for."""
    always_active: bool = False
    """True if a planner may use it whatever the task was taken to need."""


@frozen(kw_only=True)
class Generator(Registration):
    """A writer of Python: an object with ``async generate_code(request, error_chain) -> str``."""


@frozen(kw_only=True)
class Provider(Registration):
    """A data source that is asked for context before planning."""


@frozen(kw_only=True)
class Deployer(Registration):
    """A way to run services: Podman, Kubernetes, ..."""


@frozen(kw_only=True)
class Service(Registration):
    """A service that capabilities call: a class without arguments whose objects have
    ``async ainvoke(request, config)``. It is found by `registry.get_service(name)`."""


@frozen(kw_only=True)
class Command(Registration):
    """A group or command of the `osprey` command line; the implementation is a click command."""


@frozen(kw_only=True)
class WritePolicy(Registration):
    """A rule that every write must pass: see `osprey.control.WritePolicy`. A broken one stops the start."""


@frozen(kw_only=True)
class CodeAnalyzer(Registration):
    """A reader of Python before it runs: see `osprey.services.python_executor.analysis.CodeReader` for the protocol of
    the implementation. All are asked; what one finds is added, and none takes anything away. One that fails is a doubt.
    """

    libraries: str = field(default="", validator=_is_table_file)
    """A table of control libraries that the core's analyser is to know, as ``"package:folder/name.toml"``."""
    implementation: str = field(
        default="osprey.services.python_executor.analysis.combining:TableOnly", validator=_is_reference
    )
    """What reads the code; there is no need of one where a table says it all."""


@frozen(kw_only=True)
class ExecutionPolicy(Registration):
    """A rule of what has to be agreed to before code runs: see
    `osprey.services.python_executor.analysis.CodePolicy`. All are asked; the strictest answer counts, and one that
    fails asks a person."""


@frozen(kw_only=True)
class ApprovalKind(Registration):
    """A kind of request: see `osprey.approval.ApprovalKind` for the protocol of the implementation."""

    is_family: bool = False
    """True if it stands for every kind whose name begins with it and an underscore: `memory` for `memory_save`."""
    is_on_machine: bool = False
    """True if carrying it out can change a machine: then no key of the configuration removes its approval."""


@frozen(kw_only=True)
class Model(Registration):
    """An endpoint of chat models: see `osprey.models.chat.protocol.ChatModel` for the protocol of the implementation.

    Several endpoints that speak one dialect share an implementation; what tells them apart is data.
    """

    base_url: str = ""
    """Where it answers, unless the configuration says so; empty: the configuration has to."""
    key_variable: str = ""
    """The environment variable that usually holds its key, for messages; empty: it needs none."""
    json_schema: bool = True
    """It can hold an answer to a JSON Schema."""
    tools: bool = True
    """Its models can call tools."""


@frozen(kw_only=True)
class Prompt(Registration):
    """A text for chat models: a new one, or one in the place of another. See the how-to guide on prompts."""

    file: str = field(validator=_is_data_file)
    """Where the text lies, as ``"package:folder/name.md"``, in a package of the plugin."""
    overrides: str = ""
    """The prompt that it takes the place of; the file's own head says of which version. Empty: it is one by itself."""
    implementation: str = field(default="osprey.prompts.prompt:PromptFile", validator=_is_reference)
    """What the file becomes; there is no reason to name another."""


@frozen(kw_only=True)
class Notifier(Registration):
    """A way to tell people of requests: see `osprey.approval.Notifier` for the protocol of the implementation.
    It is called with one argument, the `settings` of an entry of `approval.notify`: an instance of the class that the
    registration names for them, else a dict. It keeps them, and does nothing more until it sends.
    """
