"""What is logged is written as configured, names its turn, and never stops the work."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from osprey.cli.root import osprey
from osprey.config.masking import Masking
from osprey.config.watching import LogFormat
from osprey.logs import logging_in, turn_noted
from osprey.logs.forms import form_of
from osprey.logs.places import FilePlace, StderrPlace

LOG = logging.getLogger("a.library")


@pytest.fixture
def logs(tmp_path: Path) -> Callable[..., AbstractContextManager[None]]:
    """Begin logging in a project with this configuration."""

    def begin(config: str = "", **environ: str) -> AbstractContextManager[None]:
        (tmp_path / "config.yml").write_text(config, encoding="utf-8")
        return logging_in(tmp_path, environ=environ)

    return begin


@pytest.fixture(autouse=True)
def _root_as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    yield
    assert (root.level, root.handlers) == before


def records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_without_configuration_warnings_go_to_stderr_and_no_less(logs: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with logs():
        LOG.info("quiet")
        LOG.warning("loud %s", "and clear")
    out, err = capsys.readouterr()
    assert out == ""
    assert err.endswith("Z WARNING a.library: loud and clear\n")
    assert "quiet" not in err


@pytest.mark.parametrize(
    ("level", "kept"),
    [("debug", "diwe"), ("info", "iwe"), ("warning", "we"), ("error", "e")],
)
@pytest.mark.parametrize("where", ["", "file: a.log"])
def test_the_level_says_from_where_on_a_record_is_kept(
    logs: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], level: str, kept: str, where: str
) -> None:
    with logs(f"logging:\n  level: {level}\n  {where}\n"):
        for name in ("debug", "info", "warning", "error"):
            getattr(LOG, name)("this is %s", name)
    err = capsys.readouterr().err
    written = (tmp_path / "a.log").read_text() if where else err
    assert "".join(line.partition("this is ")[2][0] for line in written.splitlines()) == kept
    assert not where or err == ""


def test_a_file_has_what_is_done_unless_a_level_is_named(logs: Any, tmp_path: Path) -> None:
    with logs("logging: {file: a.log}"):
        LOG.debug("no")
        LOG.info("yes")
    assert (tmp_path / "a.log").read_text().count("\n") == 1


def test_json_has_a_record_a_line_with_its_turn_and_exception(logs: Any, tmp_path: Path) -> None:
    with logs("logging: {format: json, file: a.log}"):
        with turn_noted("thread-1", "turn-1"):
            try:
                raise ValueError("broken\nin two lines")  # noqa: TRY301
            except ValueError:
                LOG.exception("it \u202efailed\n%d", 3)
        LOG.info("outside")
    first, second = records(tmp_path / "a.log")
    assert first["message"] == "it \u202efailed\n3"
    assert (first["level"], first["logger"]) == ("error", "a.library")
    assert (first["thread"], first["turn"]) == ("thread-1", "turn-1")
    assert first["exception"].startswith("Traceback")
    assert first["exception"].endswith("ValueError: broken\nin two lines")
    assert first["time"].endswith("Z")
    assert set(second) == {"time", "level", "logger", "message"}
    assert (tmp_path / "a.log").read_bytes().isascii()


def test_no_text_of_others_can_look_like_a_record_or_move_the_cursor(logs: Any, tmp_path: Path) -> None:
    forged = "2026-01-01T00:00:00.000Z ERROR osprey: all is well"
    with logs("logging: {file: a.log}"), turn_noted("t", "t.1"):
        try:
            raise ValueError(f"x\n{forged}\x1b[2J\u202e")  # noqa: TRY301
        except ValueError:
            LOG.exception("broken\n%s\r\x1b[2J\u202e", forged)
    text = (tmp_path / "a.log").read_text()
    head, *trace = text.splitlines()
    assert "ERROR [t t.1] a.library: broken\\u000a2026" in head
    assert trace
    assert all(line.startswith("    ") for line in trace)
    assert not any(character in text for character in "\x1b\u202e\r")


@pytest.mark.parametrize("form", LogFormat)
def test_a_record_whose_arguments_do_not_fit_is_written_as_far_as_it_goes(form: LogFormat) -> None:
    class Unspeakable:
        def __str__(self) -> str:
            raise RuntimeError

    # Not by a logger: the test runner keeps what goes through one, and fails at it.
    for said, given in (("a number: %d", "none"), ("a thing: %s", Unspeakable())):
        written = form_of(form, Masking()).format(logging.makeLogRecord({"msg": said, "args": (given,)}))
        assert f"{said} (its arguments cannot be written)" in written


def test_a_record_of_no_known_time_stops_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    place = StderrPlace()
    place.setFormatter(form_of(LogFormat.TEXT, Masking()))
    place.handle(logging.makeLogRecord({"msg": "when?", "created": 1e30}))
    assert capsys.readouterr().err.startswith("warning: a record cannot be written")


def test_a_huge_message_is_cut_and_counted(logs: Any, tmp_path: Path) -> None:
    with logs("logging: {file: a.log, format: json}"):
        LOG.info("x" * 2_000_000)
    [record] = records(tmp_path / "a.log")
    assert len(record["message"]) < 40_000
    assert "more characters" in record["message"]


@pytest.mark.parametrize("form", LogFormat)
def test_text_that_is_no_unicode_is_written(tmp_path: Path, form: LogFormat) -> None:
    # Not by a logger: the test runner keeps what goes through one, and cannot send this.
    place = FilePlace(tmp_path / "a.log")
    place.setFormatter(form_of(form, Masking()))
    place.handle(logging.makeLogRecord({"msg": "a name: %s", "args": (os.fsdecode(b"\xff.log"),)}))
    place.close()
    assert "\\udcff.log" in (tmp_path / "a.log").read_text(encoding="utf-8")


def test_a_file_that_was_moved_away_is_made_anew_and_is_private(logs: Any, tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    with logs("logging: {file: a.log}"):
        LOG.info("one")
        file.rename(tmp_path / "a.log.1")
        LOG.info("two")
        LOG.info("three")
    assert [line.rpartition(" ")[2] for line in file.read_text().splitlines()] == ["two", "three"]
    assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("file", ["missing/a.log", ".", "pipe"])
def test_a_log_that_cannot_be_written_is_said_once_and_stops_nothing(
    logs: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str], file: str
) -> None:
    os.mkfifo(tmp_path / "pipe")
    with logs(f"logging: {{file: {file}}}"):
        LOG.error("one")
        LOG.error("two")
    err = capsys.readouterr().err
    assert err.count("\n") == 1
    assert "cannot be written" in err
    assert "logging.file" in err


def test_a_log_is_taken_up_again_once_it_can_be_written(
    logs: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with logs("logging: {file: later/a.log}"):
        LOG.error("lost")
        (tmp_path / "later").mkdir()
        LOG.error("kept")
        (tmp_path / "later/a.log").unlink()
        (tmp_path / "later").rmdir()
        LOG.error("lost again")
    assert capsys.readouterr().err.count("cannot be written") == 2


def test_a_full_disk_stops_nothing(logs: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with logs("logging: {file: /dev/full}"):
        for _ in range(3):
            LOG.error("one")
    err = capsys.readouterr().err
    assert err.count("cannot be written") == 1
    assert "No space left" in err


def test_threads_that_log_at_once_all_come_through(logs: Any, tmp_path: Path) -> None:
    with logs("logging: {file: a.log, format: json}"):
        threads = [threading.Thread(target=lambda: [LOG.info("%d", n) for n in range(50)]) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(records(tmp_path / "a.log")) == 400


def test_a_broken_configuration_has_the_defaults(logs: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with logs("logging: {format: [}"):
        LOG.info("no")
        LOG.warning("yes")
    assert capsys.readouterr().err.count("\n") == 1


def test_a_turn_of_the_command_line_is_logged_with_its_name(tmp_path: Path) -> None:
    bench = "control_system: {default_target: bench, targets: {bench: {connector: mock, posture: simulation}}}\n"
    logged = "logging: {file: a.log, format: json, level: debug}\n"
    (tmp_path / "config.yml").write_text(bench + logged, encoding="utf-8")
    program = (
        "import logging, sys\nfrom osprey.cli import main\n"
        "import osprey.agent.nodes as nodes\nplan = nodes.span\n"
        "def logged(name, **about):\n    logging.getLogger('toy').info('part %s', name)\n"
        "    return plan(name, **about)\n"
        "nodes.span = logged\nsys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", program, "--project", str(tmp_path), "ask", "--json", "what do you remember"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=90)
    assert done.returncode == 0, done.stderr
    found = [record for record in records(tmp_path / "a.log") if record["logger"] == "toy"]
    assert found
    assert {record["thread"] for record in found} == {json.loads(done.stdout)["thread"]}
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("logging: {format: xml}", "text"),
        ("logging: {level: loud}", "warning"),
        ("logging: {fiel: a.log}", "file"),
        ("logging: {file: nowhere/a.log}", "no folder"),
        ("logging: {file: .}", "is a folder"),
    ],
)
def test_what_is_wrong_with_the_section_is_said_by_config_check(tmp_path: Path, config: str, said: str) -> None:
    (tmp_path / "config.yml").write_text(config, encoding="utf-8")
    done = CliRunner().invoke(osprey, ["--project", str(tmp_path), "config", "check"])
    assert done.exit_code != 0
    assert "logging" in str(done.exception)
    assert said in str(done.exception)
