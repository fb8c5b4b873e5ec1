"""The history: shared between processes, whole or not at all, and never silently another ring's."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from osprey.api import ConnectorError
from osprey_sim.history import History

HCM03 = "SR:S02:HCM03:CURRENT:SP"
HCM04 = "SR:S02:HCM04:CURRENT:SP"


def lines_of(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_what_one_process_wrote_another_reads(tmp_path: Path) -> None:
    writer, reader = History(tmp_path / "r.jsonl"), History(tmp_path / "r.jsonl")
    writer.append({HCM03: 0.5, HCM04: -0.25})
    reader.refresh()
    assert [dict(change.setpoints) for change in reader.changes] == [{HCM03: 0.5, HCM04: -0.25}]


def test_a_ring_that_nobody_touched_leaves_no_file(tmp_path: Path) -> None:
    history = History(tmp_path / "r.jsonl")
    history.refresh()
    assert history.changes == []
    assert not (tmp_path / "r.jsonl").exists()


def test_rows_are_in_the_order_of_their_times_even_if_the_clock_goes_back(tmp_path: Path) -> None:
    times = iter([1000, 1000, 500, 400])
    history = History(tmp_path / "r.jsonl", clock=lambda: next(times))
    changes = [history.append({HCM03: value}) for value in (0.1, 0.2, 0.3)]
    stamps = [change.t_ns for change in changes]
    assert stamps == sorted(set(stamps))


def test_now_is_never_before_what_was_written(tmp_path: Path) -> None:
    clock = [2_000]
    history = History(tmp_path / "r.jsonl", clock=lambda: clock[0])
    written = history.append({HCM03: 0.1})
    clock[0] = 5
    assert history.now_ns() == written.t_ns


@pytest.mark.parametrize("cut", [1, 5, 20])
def test_a_torn_last_line_never_happened_and_the_next_writer_removes_it(tmp_path: Path, cut: int) -> None:
    path = tmp_path / "r.jsonl"
    history = History(path)
    history.append({HCM03: 0.1})
    history.append({HCM03: 0.2})
    path.write_bytes(path.read_bytes()[:-cut])
    survivor = History(path)
    survivor.refresh()
    assert [change.setpoints[HCM03] for change in survivor.changes] == [0.1]
    survivor.append({HCM03: 0.3})
    again = History(path)
    again.refresh()
    assert [change.setpoints[HCM03] for change in again.changes] == [0.1, 0.3]


def test_a_torn_header_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_bytes(b'{"ring": 1, "se')
    History(path, seed=4).append({HCM03: 0.3})
    assert [line.get("seed") for line in lines_of(path)] == [4, None]


def test_a_line_in_the_middle_that_is_no_row_is_an_error_with_a_remedy(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    History(path).append({HCM03: 0.1})
    path.write_bytes(path.read_bytes() + b'not a row\n{"t_ns":1,"set":{}}\n')
    with pytest.raises(ConnectorError, match=r"line 3 .*osprey sim state reset"):
        History(path).refresh()


def test_the_file_remembers_the_seed(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    History(path, seed=7).append({HCM03: 0.1})
    reader = History(path)
    reader.refresh()
    assert reader.seed == 7


def test_another_seed_than_the_file_s_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    History(path, seed=7).begin()
    with pytest.raises(ConnectorError, match="seed 7, not 8"):
        History(path, seed=8).refresh()


def test_a_file_from_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text('{"ring": 99, "seed": 1, "t_ns": 1}\n')
    with pytest.raises(ConnectorError, match="update osprey-sim"):
        History(path).refresh()


def test_a_place_that_cannot_hold_a_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConnectorError, match="cannot be used"):
        History(tmp_path / "file" / "r.jsonl").append({HCM03: 0.1})


def test_a_reset_is_seen_by_a_process_that_had_read_the_old_rows(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    reader, other = History(path), History(path)
    other.append({HCM03: 0.1})
    reader.refresh()
    kept = other.reset()
    for value in (0.5, 0.6, 0.7):
        other.append({HCM03: value})
    reader.refresh()
    assert [change.setpoints[HCM03] for change in reader.changes] == [0.5, 0.6, 0.7]
    assert reader.generation == 1
    assert len(lines_of(kept)) == 2


def test_a_history_that_cannot_be_read_can_be_reset(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text("garbage\n")
    history = History(path)
    history.reset()
    assert history.changes == []
    assert len(lines_of(path)) == 1


def test_a_writer_that_holds_the_file_too_long_times_out_and_nothing_is_written(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    History(path).append({HCM03: 0.1})
    with path.open("rb") as holder:
        fcntl.flock(holder, fcntl.LOCK_EX)
        with pytest.raises(TimeoutError, match="locked by another process"):
            History(path).append({HCM03: 0.2}, timeout_s=0.01)
    assert len(lines_of(path)) == 2


def test_threads_that_append_at_once_lose_nothing(tmp_path: Path) -> None:
    history = History(tmp_path / "r.jsonl")

    def append_many(start: int) -> None:
        for i in range(20):
            history.append({HCM03: start + i})

    threads = [threading.Thread(target=append_many, args=(100 * i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(change.setpoints[HCM03] for change in history.changes) == sorted(
        float(100 * i + k) for i in range(4) for k in range(20)
    )


WRITER = """
import sys
from pathlib import Path
from osprey_sim.history import History
history = History(Path(sys.argv[1]))
sys.stdin.readline()
for i in range(50):
    history.append({"SR:S02:HCM03:CURRENT:SP": float(sys.argv[2]) + i})
"""


def test_two_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), str(start)], stdin=subprocess.PIPE)
        for start in (0, 1000)
    ]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write(b"go\n")
        writer.stdin.close()
    assert [writer.wait(60) for writer in writers] == [0, 0]
    history = History(path)
    history.refresh()
    values = [change.setpoints[HCM03] for change in history.changes]
    stamps = [change.t_ns for change in history.changes]
    assert sorted(values) == [float(start + i) for start in (0, 1000) for i in range(50)]
    assert stamps == sorted(set(stamps))
    assert sum("ring" in line for line in lines_of(path)) == 1
