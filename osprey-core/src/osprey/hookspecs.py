"""The extension points of Osprey.

A hook takes no arguments and yields registrations. It is called once, when the registry is filled, by the
plugin kernel; it must be cheap and import nothing heavy. An exception in a hook makes its plugin *broken*
and leaves all others alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import pluggy

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

PROJECT_NAME: Final = "osprey"

hookspec = pluggy.HookspecMarker(PROJECT_NAME)
hookimpl = pluggy.HookimplMarker(PROJECT_NAME)


@hookspec
def osprey_capabilities() -> Iterable[Capability]:
    """Declare kinds of steps that plans can contain.

    >>> from osprey.api import Capability, hookimpl
    >>> @hookimpl
    ... def osprey_capabilities():
    ...     yield Capability(
    ...         name="tune_measurement", summary="Measure the betatron tunes",
    ...         implementation="my_facility.tune:TuneMeasurement", provides=("TUNES",),
    ...     )
    >>> [c.name for c in osprey_capabilities()]
    ['tune_measurement']
    """
    return ()


@hookspec
def osprey_providers() -> Iterable[Provider]:
    """Declare data sources that are asked for context before planning.

    >>> from osprey.api import Provider, hookimpl
    >>> @hookimpl
    ... def osprey_providers():
    ...     yield Provider(name="shift_plan", summary="Who is on shift",
    ...                    implementation="my_facility.shifts:ShiftPlan")
    >>> [p.name for p in osprey_providers()]
    ['shift_plan']
    """
    return ()


@hookspec
def osprey_generators() -> Iterable[Generator]:
    """Declare writers of Python code.

    >>> from osprey.api import Generator, hookimpl
    >>> @hookimpl
    ... def osprey_generators():
    ...     yield Generator(name="physics", summary="Templates for beam physics",
    ...                     implementation="my_facility.generators:PhysicsGenerator")
    >>> [g.name for g in osprey_generators()]
    ['physics']
    """
    return ()


@hookspec
def osprey_services() -> Iterable[Service]:
    """Declare services that capabilities call, each found by `registry.get_service(name)`.

    >>> from osprey.api import Service, hookimpl
    >>> @hookimpl
    ... def osprey_services():
    ...     yield Service(name="lattice", summary="Fits a lattice to an orbit response",
    ...                   implementation="my_facility.lattice:LatticeService")
    >>> [s.name for s in osprey_services()]
    ['lattice']
    """
    return ()


@hookspec
def osprey_connectors() -> Iterable[Connector]:
    """Declare control systems.

    >>> from osprey.api import Connector, hookimpl
    >>> @hookimpl
    ... def osprey_connectors():
    ...     yield Connector(name="doocs", summary="DOOCS through its RPC library",
    ...                     implementation="my_facility.doocs:DoocsConnector", requires=("pydoocs",))
    >>> [c.name for c in osprey_connectors()]
    ['doocs']
    """
    return ()


@hookspec
def osprey_deployers() -> Iterable[Deployer]:
    """Declare ways to run services.

    >>> from osprey.api import Deployer, hookimpl
    >>> @hookimpl
    ... def osprey_deployers():
    ...     yield Deployer(name="nomad", summary="HashiCorp Nomad",
    ...                    implementation="my_facility.nomad:NomadDeployer")
    >>> [d.name for d in osprey_deployers()]
    ['nomad']
    """
    return ()


@hookspec
def osprey_archivers() -> Iterable[Archiver]:
    """Declare sources of past values.

    >>> from osprey.api import Archiver, hookimpl
    >>> @hookimpl
    ... def osprey_archivers():
    ...     yield Archiver(name="history_files", summary="Daily HDF5 files",
    ...                    implementation="my_facility.history:HistoryFiles")
    >>> [a.name for a in osprey_archivers()]
    ['history_files']
    """
    return ()


@hookspec
def osprey_commands() -> Iterable[Command]:
    """Declare commands of the `osprey` command line; `--help` shows their summaries without an import.

    >>> from osprey.api import Command, hookimpl
    >>> @hookimpl
    ... def osprey_commands():
    ...     yield Command(name="shifts", summary="Show and change the shift plan",
    ...                   implementation="my_facility.cli:shifts")
    >>> [c.name for c in osprey_commands()]
    ['shifts']
    """
    return ()


@hookspec
def osprey_write_policies() -> Iterable[WritePolicy]:
    """Declare rules that every write must pass; all are asked, any denial or exception denies.

    >>> from osprey.api import WritePolicy, hookimpl
    >>> @hookimpl
    ... def osprey_write_policies():
    ...     yield WritePolicy(name="user_beam", summary="No corrector moves during user beam",
    ...                       implementation="my_facility.policies:UserBeam")
    >>> [p.name for p in osprey_write_policies()]
    ['user_beam']
    """
    return ()


@hookspec
def osprey_code_analyzers() -> Iterable[CodeAnalyzer]:
    """Declare what reads Python before it runs: a table of control libraries, or a reader of your own.

    >>> from osprey.api import CodeAnalyzer, hookimpl
    >>> @hookimpl
    ... def osprey_code_analyzers():
    ...     yield CodeAnalyzer(name="ring-library", summary="The library of our ring, and what of it only reads",
    ...                        libraries="my_facility:tables/ring.toml")
    >>> [a.name for a in osprey_code_analyzers()]
    ['ring-library']
    """
    return ()


@hookspec
def osprey_execution_policies() -> Iterable[ExecutionPolicy]:
    """Declare rules of what a person has to agree to before code runs; the strictest answer counts.

    >>> from osprey.api import ExecutionPolicy, hookimpl
    >>> @hookimpl
    ... def osprey_execution_policies():
    ...     yield ExecutionPolicy(name="no_networks", summary="A person reads all code that uses a network",
    ...                           implementation="my_facility.policies:NoNetworks")
    >>> [p.name for p in osprey_execution_policies()]
    ['no_networks']
    """
    return ()


@hookspec
def osprey_approval_kinds() -> Iterable[ApprovalKind]:
    """Declare kinds of requests that a person decides, each with what shows it.

    >>> from osprey.api import ApprovalKind, hookimpl
    >>> @hookimpl
    ... def osprey_approval_kinds():
    ...     yield ApprovalKind(name="beam_request", summary="Beam time that a user asks for",
    ...                        implementation="my_facility.beam:BeamRequestKind")
    >>> [k.name for k in osprey_approval_kinds()]
    ['beam_request']
    """
    return ()


@hookspec
def osprey_notifiers() -> Iterable[Notifier]:
    """Declare ways to tell people of requests; a notice links to the inbox and never decides.

    >>> from osprey.api import Notifier, hookimpl
    >>> @hookimpl
    ... def osprey_notifiers():
    ...     yield Notifier(name="pager", summary="The pagers of the shift crew",
    ...                    implementation="my_facility.pager:PagerNotifier")
    >>> [n.name for n in osprey_notifiers()]
    ['pager']
    """
    return ()


@hookspec
def osprey_models() -> Iterable[Model]:
    """Declare endpoints of chat models; which of them is asked for what, `models` in the configuration says.

    >>> from osprey.api import Model, hookimpl
    >>> @hookimpl
    ... def osprey_models():
    ...     yield Model(name="lab-gateway", summary="The laboratory's gateway to language models",
    ...                 implementation="osprey_openai.driver:OpenAIChatModel",
    ...                 base_url="https://models.example.org/v1", key_variable="LAB_MODELS_KEY")
    >>> [m.name for m in osprey_models()]
    ['lab-gateway']
    """
    return ()


@hookspec
def osprey_prompts() -> Iterable[Prompt]:
    """Declare texts for chat models, such as one of the core's in words that fit the facility.

    >>> from osprey.api import Prompt, hookimpl
    >>> @hookimpl
    ... def osprey_prompts():
    ...     yield Prompt(name="ring-plan", summary="Plans in the words of our ring",
    ...                  file="my_facility:prompts/plan.md", overrides="plan")
    >>> [p.name for p in osprey_prompts()]
    ['ring-plan']
    """
    return ()
