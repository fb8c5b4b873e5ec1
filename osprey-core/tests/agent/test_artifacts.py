"""What is too large for a turn's state lies in a file: the state has a handle and a preview, later steps see it all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from osprey.agent.state import TurnStatus
from osprey.base.contexts import ArchivedChannel, ArchiverData, Artifacts, plain_context
from osprey.base.contexts.preview import preview_of
from osprey.control import ArchiveSeries, ArchiveSpan, targets_of
from osprey.errors import StorageError, UsageError

pytestmark = pytest.mark.anyio

SAMPLES = 100_000
S = 10**9


class Archive:
    """An archiver with 100,000 samples of every channel."""

    async def fetch(self, channels: Any, span: ArchiveSpan, *, timeout_s: float) -> list[ArchiveSeries]:
        times = [span.start_ns + number * S for number in range(SAMPLES)]
        values = [float(number) for number in range(SAMPLES)]
        return [
            ArchiveSeries(channel=name, unit="mA", times_ns=times, values=values, severities=[0] * SAMPLES)
            for name in channels
        ]

    async def aclose(self) -> None: ...


CODE = """
from osprey.runtime import inputs
series = inputs["past"]["series"][0]
results = {"n": len(series["v"]), "sum": sum(series["v"]), "first": series["t"][0], "unit": series["unit"]}
"""


@pytest.mark.sandbox
async def test_python_sees_every_sample_of_which_the_state_has_a_preview(open_bench) -> None:
    mock = json.dumps({"code_generator": "mock", "generators": {"mock": {"code": CODE}}})
    bench = await open_bench(f"execution: {mock}\n")
    (await targets_of(bench.project).get()).archiver = Archive()

    done = await bench.run(
        bench.step("past", "archive_read", channels=["DCCT:CURRENT"], start_ns=S, end_ns=SAMPLES * S),
        bench.step("sum", "python", inputs={"ARCHIVER_DATA": "past"}),
    )
    assert done.status is TurnStatus.DONE, done.answer
    assert len(json.dumps(done.contexts)) < 20_000
    assert done.contexts["sum"]["results"] == {
        "n": SAMPLES,
        "sum": SAMPLES * (SAMPLES - 1) / 2,
        "first": 1.0,
        "unit": "mA",
    }
    [series] = done.contexts["past"]["preview"]["series"]
    assert series["v"] == {
        "count": SAMPLES,
        "first": 0.0,
        "last": SAMPLES - 1.0,
        "min": 0.0,
        "mean": (SAMPLES - 1) / 2,
        "max": SAMPLES - 1.0,
    }
    assert series["unit"] == "mA"


def _large(count: int = 1000) -> dict[str, Any]:
    columns = tuple(float(number) for number in range(count))
    return plain_context(ArchiverData(series=(ArchivedChannel(channel="A", unit="A", t=columns, v=columns),)))


def test_what_is_kept_comes_back_to_the_last_bit_and_belongs_to_its_owner_alone(tmp_path: Path) -> None:
    artifacts, context = Artifacts(tmp_path), _large()
    context["series"][0]["v"][1] = 0.1 + 0.2
    kept = artifacts.keep(context, "run", "past")
    assert artifacts.load(kept) == context
    path = tmp_path / "runs" / kept["artifact"]["path"]
    assert path.stat().st_mode & 0o777 == 0o600
    assert artifacts.keep(context, "run", "past") == kept
    assert len(list((tmp_path / "runs/run").iterdir())) == 1


def test_what_is_small_stays_where_it_is(tmp_path: Path) -> None:
    context = _large(3)
    assert Artifacts(tmp_path).keep(context, "run", "past") == context
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("change", [b"[]", b"", b'{"series": []}'])
def test_data_that_were_changed_are_not_taken(tmp_path: Path, change: bytes) -> None:
    artifacts = Artifacts(tmp_path)
    kept = artifacts.keep(_large(), "run", "past")
    (tmp_path / "runs" / kept["artifact"]["path"]).write_bytes(change)
    with pytest.raises(StorageError, match="are not what was kept there: ask again"):
        artifacts.load(kept)


def test_data_that_are_gone_are_named(tmp_path: Path) -> None:
    artifacts = Artifacts(tmp_path)
    kept = artifacts.keep(_large(), "run", "past")
    (tmp_path / "runs" / kept["artifact"]["path"]).unlink()
    with pytest.raises(StorageError, match="cannot be read"):
        artifacts.load(kept)


@pytest.mark.parametrize("path", ["../../config.yml", "/etc/passwd", "run/../../secret"])
def test_a_handle_leads_nowhere_but_to_the_runs(tmp_path: Path, path: str) -> None:
    forged = {"context_type": "X", "artifact": {"path": path, "sha256": "0" * 64, "bytes": 1, "form": "json"}}
    with pytest.raises(StorageError, match="outside"):
        Artifacts(tmp_path).load(forged)


@pytest.mark.parametrize("handle", [None, "x", {"path": "x"}, []])
def test_what_is_no_handle_is_said(tmp_path: Path, handle: Any) -> None:
    with pytest.raises(StorageError, match="is no handle of an artifact"):
        Artifacts(tmp_path).load({"artifact": handle})


@pytest.mark.parametrize("name", ["../../x", "", "ä ö", ".", "a/b", "x" * 400])
def test_a_name_never_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    kept = Artifacts(tmp_path).keep(_large(), name, name)
    path = (tmp_path / "runs" / kept["artifact"]["path"]).resolve()
    assert path.parent.parent == (tmp_path / "runs").resolve()


def test_more_than_a_step_may_leave_is_refused(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("osprey.base.contexts.artifacts.LARGEST_BYTES", 5000)
    with pytest.raises(UsageError, match="at most 5000 are kept: reduce the data"):
        Artifacts(tmp_path).keep(_large(), "run", "past")


def test_a_disk_that_takes_nothing_is_said(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where the folder should be")
    with pytest.raises(StorageError, match="cannot be written"):
        Artifacts(tmp_path).keep(_large(), "run", "past")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=200,
)


@given(st.dictionaries(st.text(), JSON | st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=300)))
def test_a_preview_is_small_whatever_it_is_of(value: dict[str, Any]) -> None:
    assert len(json.dumps(preview_of(value), allow_nan=False)) <= 2048
