"""The configuration of a project: `config.yml` made into values, strictly, or not at all.

`schema` holds the values that every other room reads. What finds the file is light, for it stands on the way
of every command; the rest is imported on first use. Nothing from a higher floor is imported here.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from osprey.config.discovery import find_project_dir, plugins_section_only

if TYPE_CHECKING:
    from osprey.config.approval import (
        ApprovalConfig,
        ApprovalMode,
        ApprovalPolicyConfig,
        CapabilityApproval,
        GlobalMode,
        NoticeEvent,
        NotificationConfig,
        PersonConfig,
    )
    from osprey.config.loading import load_config
    from osprey.config.models import ApiConfig, ModelRole, ModelsConfig, ProviderConfig, RoleConfig
    from osprey.config.origins import Origin, origin_of
    from osprey.config.plain import config_to_plain, value_at
    from osprey.config.problems import InvalidConfigError, Problem
    from osprey.config.scaffold import Scaffold, write_project
    from osprey.config.schema import (
        Config,
        ControlSystemConfig,
        Demand,
        DemandArea,
        ExecutionConfig,
        ExecutionMethod,
        FacilityConfig,
        LimitsConfig,
        ModeConfig,
        PluginsConfig,
        PluginSection,
        Posture,
        StorageConfig,
        TargetConfig,
        Unlisted,
        UnservedKey,
    )
    from osprey.config.sections import SectionStatus, section_statuses
    from osprey.config.settings import structure_settings

_HOMES = {
    "ApiConfig": "models",
    "ApprovalConfig": "approval",
    "ApprovalMode": "approval",
    "ApprovalPolicyConfig": "approval",
    "CapabilityApproval": "approval",
    "Config": "schema",
    "ControlSystemConfig": "schema",
    "Demand": "schema",
    "DemandArea": "schema",
    "ExecutionConfig": "schema",
    "ExecutionMethod": "schema",
    "FacilityConfig": "schema",
    "GlobalMode": "approval",
    "InvalidConfigError": "problems",
    "LimitsConfig": "schema",
    "ModeConfig": "schema",
    "ModelRole": "models",
    "ModelsConfig": "models",
    "NoticeEvent": "approval",
    "NotificationConfig": "approval",
    "Origin": "origins",
    "PersonConfig": "approval",
    "PluginSection": "schema",
    "PluginsConfig": "schema",
    "Posture": "schema",
    "Problem": "problems",
    "ProviderConfig": "models",
    "RoleConfig": "models",
    "Scaffold": "scaffold",
    "SectionStatus": "sections",
    "StorageConfig": "schema",
    "TargetConfig": "schema",
    "Unlisted": "schema",
    "UnservedKey": "schema",
    "config_to_plain": "plain",
    "load_config": "loading",
    "origin_of": "origins",
    "section_statuses": "sections",
    "structure_settings": "settings",
    "value_at": "plain",
    "write_project": "scaffold",
}

__all__ = [
    "ApiConfig",
    "ApprovalConfig",
    "ApprovalMode",
    "ApprovalPolicyConfig",
    "CapabilityApproval",
    "Config",
    "ControlSystemConfig",
    "Demand",
    "DemandArea",
    "ExecutionConfig",
    "ExecutionMethod",
    "FacilityConfig",
    "GlobalMode",
    "InvalidConfigError",
    "LimitsConfig",
    "ModeConfig",
    "ModelRole",
    "ModelsConfig",
    "NoticeEvent",
    "NotificationConfig",
    "Origin",
    "PersonConfig",
    "PluginSection",
    "PluginsConfig",
    "Posture",
    "Problem",
    "ProviderConfig",
    "RoleConfig",
    "Scaffold",
    "SectionStatus",
    "StorageConfig",
    "TargetConfig",
    "Unlisted",
    "UnservedKey",
    "config_to_plain",
    "find_project_dir",
    "load_config",
    "origin_of",
    "plugins_section_only",
    "section_statuses",
    "structure_settings",
    "value_at",
    "write_project",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        msg = f"osprey.config has no {name!r}"
        raise AttributeError(msg)
    return getattr(import_module(f"osprey.config.{home}"), name)
