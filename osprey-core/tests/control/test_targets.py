"""Targets: opened on first use, once, and closed with the project."""

from __future__ import annotations

import anyio
import pytest

from osprey.control import ChannelRecord, ConnectContext, MockConnector, targets_of
from osprey.errors import ConfigError, ConnectorError
from osprey.project import open_project

pytestmark = pytest.mark.anyio

CONFIG = """
control_system:
  default_target: one
  connector:
    mock: {seed: 5}
  targets:
    one: {connector: mock, posture: simulation, archiver: past, archiver_settings: {depth: 3}}
    two: {connector: mock, posture: read_only, settings: {seed: 6}}
    real: {connector: real, posture: simulation}
    listed: {connector: mock, posture: read_only, channels: channels.yml}
    misspelt: {connector: mock, posture: read_only, settings: {sed: 6}}
"""


class Counting(MockConnector):
    opened: list[ConnectContext] = []  # noqa: RUF012 - emptied by the fixture
    closed = 0
    failures = 0

    @classmethod
    async def connect(cls, context):
        await anyio.sleep(0)
        if cls.failures:
            cls.failures -= 1
            raise ConnectorError("not yet")
        cls.opened.append(context)
        return await super().connect(context)

    async def aclose(self):
        type(self).closed += 1

    async def search(self, pattern, *, limit):
        return [ChannelRecord(name="SR:1", description="the first")]


class Past:
    contexts: list[ConnectContext] = []  # noqa: RUF012 - emptied by the fixture
    failures = 0

    @classmethod
    async def connect(cls, context):
        if cls.failures:
            raise ConnectorError("no archive")
        cls.contexts.append(context)
        return cls()

    async def aclose(self):
        raise OSError("already gone")


@pytest.fixture
async def project(tmp_path, plugins):
    Counting.opened.clear()
    Past.contexts.clear()
    Counting.closed = Counting.failures = Past.failures = 0
    (tmp_path / "config.yml").write_text(CONFIG)
    project = open_project(tmp_path)
    plugins.connectors.update(mock=(Counting, True), real=(Counting, False))
    plugins.archivers.update(past=Past)
    project.part("registry", lambda _: plugins)
    return project


async def test_nothing_is_opened_before_it_is_asked_for(project):
    targets = targets_of(project)
    assert targets.names == ("one", "two", "real", "listed", "misspelt")
    assert targets.config("two").connector == "mock"
    assert Counting.opened == []


async def test_callers_at_the_same_time_share_one_connection(project):
    found = []

    async def ask():
        found.append(await targets_of(project).get("two"))

    async with anyio.create_task_group() as group:
        for _ in range(5):
            group.start_soon(ask)
    assert len({id(target) for target in found}) == 1
    assert len(Counting.opened) == 1


async def test_no_name_gives_the_default_target(project):
    target = await targets_of(project).get()
    assert (target.name, target.simulated) == ("one", True)


async def test_settings_of_the_connector_and_the_target_are_checked_and_passed_on(project):
    await targets_of(project).get("one")
    await targets_of(project).get("two")
    assert [context.settings.seed for context in Counting.opened] == [5, 6]
    assert [context.target for context in Counting.opened] == ["one", "two"]
    assert all(context.state_dir.is_dir() for context in Counting.opened)
    assert Past.contexts[0].settings == {"depth": 3}
    with pytest.raises(ConfigError, match="sed"):
        await targets_of(project).get("misspelt")


async def test_posture_simulation_needs_a_connector_that_reaches_no_machine(project):
    with pytest.raises(ConfigError, match=r"'real' has posture 'simulation'.*real machine"):
        await targets_of(project).get("real")
    assert Counting.opened == []


async def test_an_unknown_target_is_named_with_the_closest(project):
    with pytest.raises(ConfigError, match="did you mean 'listed'"):
        await targets_of(project).get("listd")


async def test_a_target_that_could_not_be_opened_is_tried_again(project):
    Counting.failures = 1
    with pytest.raises(ConnectorError):
        await targets_of(project).get("two")
    assert (await targets_of(project).get("two")).name == "two"


async def test_a_connector_is_closed_again_if_its_archiver_fails(project):
    Past.failures = 1
    with pytest.raises(ConnectorError, match="no archive"):
        await targets_of(project).get("one")
    assert Counting.closed == 1


async def test_all_are_closed_with_the_project_whatever_one_of_them_raises(project):
    await targets_of(project).get("one")
    await targets_of(project).get("two")
    with pytest.raises(ExceptionGroup):
        await project.aclose()
    assert Counting.closed == 2


async def test_the_directory_comes_from_the_connector_or_the_targets_file(project):
    one = await targets_of(project).get("one")
    assert [record.name for record in (await one.directory()).records] == ["SR:1"]
    assert await one.directory() is await one.directory()
    (project.root / "channels.yml").write_text("channels:\n- name: SR:2\n  description: the second\n")
    listed = await targets_of(project).get("listed")
    assert [record.name for record in (await listed.directory()).records] == ["SR:2"]


async def test_two_projects_do_not_share_a_target(project, tmp_path, plugins):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "config.yml").write_text(CONFIG)
    other = open_project(tmp_path / "other")
    other.part("registry", lambda _: plugins)
    assert await targets_of(project).get("two") is not await targets_of(other).get("two")
    await other.aclose()
