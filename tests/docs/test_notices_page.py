"""The guide to telling people: its configuration loads, its code runs, its tables are complete."""

from __future__ import annotations

import hashlib
import hmac
import re
import sys
import time
from pathlib import Path
from types import ModuleType
from typing import Any

import anyio
import pytest
from tests.docs.generate import REFERENCE

from osprey.approval.notices import try_notifier
from osprey.approval.notifiers.notice import Notice
from osprey.config import NoticeEvent, load_config, section_statuses
from osprey.config.sections import unusable_parts
from osprey.journal import RequestState
from osprey.plugins import LoadOptions, load_registry
from osprey.project import open_project

PAGE = (REFERENCE.parent / "how-to/tell-people-of-requests.md").read_text(encoding="utf-8")
[CONFIG] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
CHECK, PLUGIN, PAGER = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
ENVIRON = {
    "MAIL_PASSWORD": "hunter2",
    "CREW_CHANNEL": "https://chat.example.org/hooks/x",
    "LOG_TOKEN": "t",
    "LOG_SECRET": "s",
}


def _first_column(head: str) -> list[str]:
    table = PAGE.partition(f"| {head} |")[2].partition("\n\n")[0].splitlines()[2:]
    return [name for row in table for name in re.findall(r"`(\w+)`", row.split("|")[1])]


def test_the_configuration_loads_and_its_notifiers_accept_it(tmp_path: Path) -> None:
    (tmp_path / "config.yml").write_text(CONFIG, encoding="utf-8")
    config = load_config(tmp_path, environ=ENVIRON)
    registry = load_registry(config.plugins, LoadOptions())
    assert not unusable_parts(config, registry)
    assert {status.state for status in section_statuses(config, registry)} == {"ok"}
    assert {entry.via for entry in config.approval.notify.values()} == set(registry.names("notifiers"))


def test_every_event_is_in_the_table() -> None:
    assert _first_column("event") == [event.value for event in NoticeEvent]


def test_every_key_of_a_webhook_is_in_the_table() -> None:
    notice = Notice(
        event=NoticeEvent.FILED,
        request_id="req-1",
        kind="deployment",
        title="",
        risk="",
        simulated=False,
        requester="os:alice",
        state=RequestState.PENDING,
        expires_ns=time.time_ns(),
    )
    assert sorted(_first_column("key")) == sorted(notice.as_json())


def test_the_check_of_a_signature_accepts_ours_and_no_other() -> None:
    names: dict[str, Any] = {}
    exec(compile(CHECK, "page", "exec"), names)  # noqa: S102 - the page's own code
    signature = "sha256=" + hmac.new(b"s", b"{}", hashlib.sha256).hexdigest()
    assert names["is_from_osprey"](b"{}", signature, "s")
    assert not names["is_from_osprey"](b"{ }", signature, "s")
    assert not names["is_from_osprey"](b"{}", "sha256=", "s")


def test_the_notifier_of_the_page_tells(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    package, pager = ModuleType("my_facility"), ModuleType("my_facility.pager")
    monkeypatch.setitem(sys.modules, "my_facility", package)
    monkeypatch.setitem(sys.modules, "my_facility.pager", pager)
    exec(compile(PAGER, "pager", "exec"), vars(pager))  # noqa: S102 - the page's own code
    (tmp_path / "plugin.py").write_text(f'"""My facility."""\n{PLUGIN}', encoding="utf-8")
    line = tmp_path / "line"
    text = f"approval: {{notify: {{crew: {{via: pager, settings: {{device: '{line}'}}}}}}}}"
    (tmp_path / "config.yml").write_text(text, encoding="utf-8")

    async def tell() -> None:
        options = LoadOptions(allow=(), local=(tmp_path / "plugin.py",))
        async with open_project(tmp_path, options=options) as project:
            await try_notifier(project, "crew")

    anyio.run(tell)
    assert "req-trial waits for a decision" in line.read_text(encoding="utf-8")
