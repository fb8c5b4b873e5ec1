"""What the thread of a context makes of libca's own refusals, which no server can be made to cause."""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from typing import Any

import pytest

from osprey.control import ErrorKind
from osprey_epics.batch import Ask, Batch, Failure, Request
from osprey_epics.dbr import Native
from osprey_epics.libca import ConnectionArgs
from osprey_epics.readings import put_result_of
from osprey_epics.switchboard import Switchboard

pytestmark = pytest.mark.anyio

NORMAL = 1


class FakeLibrary:
    """Connects every channel, and answers a put's issue with the status it was told."""

    def __init__(self, *put_statuses: int) -> None:
        self.put_statuses = list(put_statuses)
        self.puts = 0

    def ca_create_channel(self, name: bytes, callback: Any, key: int, priority: int, chid: Any) -> int:
        chid._obj.value = key
        return NORMAL

    def ca_puser(self, chid: int) -> int:
        return chid

    def ca_field_type(self, chid: int) -> int:
        return Native.DOUBLE

    def ca_element_count(self, chid: int) -> int:
        return 1

    def ca_get_host_name(self, chid: int, buffer: Any, size: int) -> int:
        buffer.value = b"ioc:5064"
        return 8

    def ca_array_put_callback(self, *arguments: Any) -> int:
        self.puts += 1
        return self.put_statuses.pop(0)

    def ca_clear_channel(self, chid: int) -> int:
        return NORMAL


def begin_put(library: FakeLibrary, timeout_s: float = 60) -> tuple[Switchboard, Request, Callable[[bool], None]]:
    tasks: list[Callable[[], None]] = []
    board = Switchboard(library, tasks.append)
    request = Request("X", Ask.PUT, value=1.0)
    board.begin(Batch([request], time.monotonic() + timeout_s))

    def connection(is_up: bool) -> None:
        assert request.channel is not None
        board._note_connection(ConnectionArgs(ctypes.c_void_p(request.channel.key), 6 if is_up else 7))
        tasks.pop(0)()

    return board, request, connection


async def test_a_put_that_libca_refuses_outright_was_not_sent() -> None:
    board, request, connection = begin_put(FakeLibrary(114))
    connection(True)
    result = put_result_of(request)
    assert (result.error, result.was_sent) == (ErrorKind.BAD_VALUE, False)
    assert board.answers.count == 0


@pytest.mark.parametrize("status", [80, 48, 142])
async def test_a_put_in_which_libca_itself_failed_may_have_been_sent(status: int) -> None:
    _, request, connection = begin_put(FakeLibrary(status))
    connection(True)
    result = put_result_of(request)
    assert (result.error, result.was_sent) == (ErrorKind.TIMEOUT, True)


async def test_a_put_that_met_a_broken_connection_waits_for_the_next_one_and_is_sent_once() -> None:
    library = FakeLibrary(192, NORMAL)
    board, request, connection = begin_put(library)
    connection(True)
    assert (request.is_sent, request.result) == (False, None)
    connection(False)
    connection(True)
    connection(False)
    connection(True)
    assert (library.puts, request.is_sent, board.answers.count) == (2, True, 1)


async def test_a_put_that_is_over_is_not_sent_by_a_later_connection() -> None:
    library = FakeLibrary()
    board, request, connection = begin_put(library, timeout_s=0)
    connection(True)
    assert (library.puts, request.is_sent) == (0, False)
    board.forget(request.batch)
    assert board.answers.count == 0


async def test_closing_answers_a_sent_put_as_in_doubt_and_a_waiting_one_as_unsent() -> None:
    board, sent, connection = begin_put(FakeLibrary(NORMAL))
    connection(True)
    board.close()
    result = put_result_of(sent)
    assert (result.error, result.was_sent) == (ErrorKind.UNREACHABLE, True)
    board, waiting, _ = begin_put(FakeLibrary())
    board.close()
    result = put_result_of(waiting)
    assert (result.error, result.was_sent) == (ErrorKind.UNREACHABLE, False)
    assert isinstance(waiting.result, Failure)
