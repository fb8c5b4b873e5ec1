"""The page of capabilities names every built-in one, every context with its fields, every pipeline, and a real scan."""

from __future__ import annotations

import re

import attrs
import pytest
from ruamel.yaml import YAML
from tests.docs.generate import REFERENCE

from osprey.agent.capabilities.scan_points import MOST_POINTS, plan_scan
from osprey.base.contexts import BUILT_IN, CapabilityContext
from osprey.base.contexts.artifacts import MOST_INLINE_BYTES
from osprey.config import PipelineMode
from osprey.control.channels.pipelines.choosing import MOST_CANDIDATES
from osprey.plugin import osprey_capabilities

PAGE = (REFERENCE / "capabilities.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", PAGE, re.MULTILINE))


@pytest.mark.parametrize("capability", list(osprey_capabilities()), ids=lambda one: one.name)
def test_every_capability_is_there_with_what_it_leaves(capability) -> None:
    left = ROWS[capability.name].rpartition(" | ")[2]
    assert tuple(re.findall(r"`(\w+)`", left)) == capability.provides


@pytest.mark.parametrize("kind", BUILT_IN, ids=lambda one: one.CONTEXT_TYPE)
def test_every_context_is_there_with_its_fields(kind: type[CapabilityContext]) -> None:
    fields = {field.name for field in attrs.fields(kind)} - {"provenance"}
    assert fields <= set(re.findall(r"`(\w+)`", ROWS[kind.CONTEXT_TYPE]))


def test_every_pipeline_is_there() -> None:
    assert {mode.value for mode in PipelineMode} <= set(ROWS)


def test_its_figures_are_those_of_the_code() -> None:
    assert f"at most {MOST_POINTS} points" in PAGE
    assert f"at most {MOST_CANDIDATES}\ncandidates" in PAGE
    assert f"More than {MOST_INLINE_BYTES} bytes" in PAGE


def test_its_scan_is_one() -> None:
    [text] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert len(plan_scan(YAML(typ="safe").load(text)).points) == 15
