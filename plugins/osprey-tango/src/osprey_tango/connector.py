"""The connector `tango`: attributes and commands of devices, in batches."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import anyio
import anyio.lowlevel
import anyio.to_thread

from osprey.api import (
    ChannelInfo,
    ChannelRecord,
    ChannelStatus,
    ConnectContext,
    Endpoint,
    ErrorKind,
    Fault,
    Put,
    PutResult,
    ReadResult,
    UsageError,
)
from osprey_tango.asking import Asking, Describing, Probing, Question, Questions, Reading
from osprey_tango.breaker import Breaker
from osprey_tango.device import Device
from osprey_tango.discovery import Listing, Pattern, ask_database, flatten, list_devices
from osprey_tango.faults import Failure, fault
from osprey_tango.lanes import Batch, Job, Lane, Workers
from osprey_tango.names import explain_bad_name
from osprey_tango.putting import Order, Writing
from osprey_tango.settings import TangoSettings
from osprey_tango.system import TangoSystem
from osprey_tango.updates import TangoUpdates, UpdateStore
from osprey_tango.watching import Watch

_NO_DATABASE: Final = "no Tango database is configured: set `host`, or TANGO_HOST in the environment"
_LISTED_AT_ONCE: Final = 64
"""So many devices are asked for their attributes before it is seen whether there are enough."""
_MOST_PLANS: Final = 16
"""So many lists of channels are remembered sorted: panels and the guard ask for the same ones again and again."""
_CLOSE_S: Final = 2.0
"""So long closing waits for calls under way; those that hang end by themselves."""

Plan = tuple[dict[Device, Questions], list[tuple[int, Failure]]]


class TangoConnector:
    """Tango, for one target.

    :ivar settings: as configured.
    """

    def __init__(self, settings: TangoSettings, target: str) -> None:
        self.settings = settings
        self._system = TangoSystem(settings)
        self._workers = Workers(settings.threads, target)
        self._watches: set[Watch] = set()
        self._plans: dict[tuple[str, ...], Plan] = {}

    @property
    def busy_count(self) -> int:
        """How many threads are in a call; those of calls that were given up among them."""
        return self._workers.busy_count

    @property
    def thread_count(self) -> int:
        """How many threads were started; never more than configured."""
        return self._workers.thread_count

    @classmethod
    async def connect(cls, context: ConnectContext) -> TangoConnector:
        """Make the connector; nothing is asked yet, neither of the database nor of a device."""
        settings = context.settings
        if not isinstance(settings, TangoSettings):
            settings = TangoSettings(**dict(settings or {}))
        await anyio.lowlevel.checkpoint()
        return cls(settings, context.target)

    async def aclose(self) -> None:
        """End subscriptions and threads; other connectors do not notice. May be called twice."""
        for watch in tuple(self._watches):
            await watch.aclose()
        threads = self._workers.close()
        with anyio.move_on_after(_CLOSE_S, shield=True):
            for thread in threads:
                await anyio.to_thread.run_sync(thread.join, _CLOSE_S, abandon_on_cancel=True)

    async def read(self, channels: Sequence[str], *, timeout_s: float) -> list[ReadResult]:
        """Read fresh values, all within one deadline: one call for each device."""
        return await self._ask(Reading, channels, timeout_s)

    async def describe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelInfo | Fault]:
        """Ask each device for the configuration of its attributes, and for the signatures of its commands."""

        def describing(*arguments: Any) -> Describing:
            return Describing(*arguments, self._system.name_of)

        return await self._ask(describing, channels, timeout_s)

    async def probe(self, channels: Sequence[str], *, timeout_s: float) -> list[ChannelStatus]:
        """Ask each device whether it lives, and whether it has these attributes and commands."""
        answers = await self._ask(Probing, channels, timeout_s)
        return [
            ChannelStatus(channel=answer.channel, fault=answer) if isinstance(answer, Fault) else answer
            for answer in answers
        ]

    async def write(self, puts: Sequence[Put], *, timeout_s: float) -> list[PutResult]:
        """Send each put once; after the deadline nothing is sent any more."""
        orders: list[Order] = []
        batch = Batch(timeout_s)
        by_device: dict[Device, list[Order]] = {}
        for put in puts:
            name = self._system.parse(put.channel)
            is_command, is_read = self._system.command_kind(name) if name else (False, False)
            order = Order(put, name.part if name else "", is_command=is_command, is_read_command=is_read)
            orders.append(order)
            if name is None:
                order.result = order.failed(Failure(ErrorKind.NOT_FOUND, explain_bad_name(put.channel)))
            elif not self._is_placed(name):
                order.result = order.failed(Failure(ErrorKind.NOT_FOUND, _NO_DATABASE))
            else:
                by_device.setdefault(self._system.device(name), []).append(order)
        writings = {device: Writing(device, batch, some) for device, some in by_device.items()}
        for device, writing in writings.items():
            self._submit(device, batch, writing.work, writing.refuse)
        await _finish(batch)
        return [order.result or order.failed(_silence(order.is_sent, timeout_s)) for order in orders]

    async def search(self, pattern: str, *, limit: int) -> list[ChannelRecord]:
        """Give the attributes of the devices that run, as the Tango database knows them.

        :param pattern: a glob such as ``sr/ps-*/*/current``, or a part of a name; all for ``""``.
        """
        if limit < 1 or not self._system.database:
            await anyio.lowlevel.checkpoint()
            return []
        batch = Batch(self.settings.search_timeout_s)
        wanted = Pattern(pattern)
        found: list[list[str]] = []
        self._call(batch, lambda: found.append(list_devices(self._system.database, wanted)))
        await batch.wait()
        names = found[0] if found else []
        records: list[ChannelRecord] = []
        for start in range(0, len(names), _LISTED_AT_ONCE):
            rest = Batch(batch.remaining_s)
            records += await self._list(rest, names[start : start + _LISTED_AT_ONCE], wanted)
            if len(records) >= limit or not batch.remaining_s:
                break
        return records[:limit]

    async def _list(self, batch: Batch, names: Sequence[str], pattern: Pattern) -> list[ChannelRecord]:
        answers: list[Any] = [None] * len(names)
        for place, name in enumerate(names):
            parsed = self._system.parse(f"{name}/state")
            if parsed is None:
                continue
            device = self._system.device(parsed)
            listing = Listing(device, batch, place, name, pattern, answers)
            self._submit(device, batch, listing.work, listing.refuse)
        await _finish(batch)
        return flatten(answers, len(names) * 100_000)

    async def endpoints(self, *, timeout_s: float) -> list[Endpoint]:
        """Tell whether the Tango database answers."""
        hosts = self._system.database
        if not hosts:
            await anyio.lowlevel.checkpoint()
            return [Endpoint(purpose="database", address="", is_reachable=None, note=_NO_DATABASE)]
        batch = Batch(timeout_s)
        answers: list[Endpoint] = []
        self._call(batch, lambda: answers.append(ask_database(hosts)))
        await batch.wait()
        if answers:
            return answers[:1]
        note = f"no answer within {timeout_s:g} s"
        return [Endpoint(purpose="database", address=hosts, is_reachable=False, note=note)]

    @asynccontextmanager
    async def subscribe(
        self, channels: Sequence[str], *, max_rate_hz: float = 10.0, buffer: int = 0
    ) -> AsyncGenerator[TangoUpdates]:
        """Give updates in lists: change events, or polled values where a server pushes none."""
        if not max_rate_hz > 0:
            msg = f"max_rate_hz {max_rate_hz}: give a positive number of lists a second"
            raise UsageError(msg)
        if buffer < 0:
            msg = f"buffer {buffer}: give a number of updates, or 0 for the latest only"
            raise UsageError(msg)
        store = UpdateStore(buffer)
        watch = Watch(store, self._workers, self.settings.polling_period_s)
        groups = self._group(channels, lambda index, problem: store.offer(index, fault(channels[index], problem)))
        self._watches.add(watch)
        try:
            watch.start(groups.items())
            yield TangoUpdates(store, max_rate_hz, watch.render)
        finally:
            self._watches.discard(watch)
            await watch.aclose()

    async def _ask(self, asking: Callable[..., Asking[Any]], channels: Sequence[str], timeout_s: float) -> list[Any]:
        """Ask all devices at once, each in one job; what has no answer by the deadline is a time-out."""
        answers: list[Any] = [None] * len(channels)
        batch = Batch(timeout_s)

        def note(index: int, problem: Failure) -> None:
            answers[index] = fault(channels[index], problem)

        jobs: list[tuple[Job, Questions]] = []
        for device, questions in self._group(channels, note).items():
            asked = asking(device, batch, questions, answers)
            jobs.append((self._submit(device, batch, asked.work, asked.refuse), questions))
        await _finish(batch)
        for job, questions in jobs:
            silence = _silence(job.is_started, timeout_s)
            for question in questions.all:
                if answers[question.index] is None:
                    answers[question.index] = fault(question.channel, silence)
        return answers

    def _group(self, channels: Sequence[str], note: Callable[[int, Failure], None]) -> dict[Device, Questions]:
        """Sort channels by device; what is no channel's name gets its fault at once."""
        key = tuple(channels)
        plan = self._plans.get(key)
        if plan is None:
            plan = self._plan(key)
            while len(self._plans) >= _MOST_PLANS:
                self._plans.pop(next(iter(self._plans)))
            self._plans[key] = plan
        groups, problems = plan
        for index, problem in problems:
            note(index, problem)
        return groups

    def _plan(self, channels: Sequence[str]) -> Plan:
        groups: dict[Device, Questions] = {}
        problems: list[tuple[int, Failure]] = []
        for index, channel in enumerate(channels):
            name = self._system.parse(channel)
            if name is None:
                problems.append((index, Failure(ErrorKind.NOT_FOUND, explain_bad_name(channel))))
            elif not self._is_placed(name):
                problems.append((index, Failure(ErrorKind.NOT_FOUND, _NO_DATABASE)))
            else:
                is_command, is_read = self._system.command_kind(name)
                question = Question(index, channel, name.part, is_command=is_command, is_read_command=is_read)
                groups.setdefault(self._system.device(name), Questions()).add(question)
        return groups, problems

    def _is_placed(self, name: Any) -> bool:
        return bool(name.host or self._system.database)

    def _submit(self, device: Device, batch: Batch, work: Callable[[], bool], refuse: Callable[[str], None]) -> Job:
        lane = device.lane
        job = Job(batch, lane.breaker, work, refuse)
        if lane.breaker.is_open:  # at once, even while a call that hangs holds the lane
            refuse(lane.breaker.explain())
            batch.note_end()
        else:
            self._workers.submit(lane, job)
        return job

    def _call(self, batch: Batch, call: Callable[[], object]) -> None:
        """Make one call that is no device's, such as to the database."""

        def work() -> bool:
            try:
                call()
            except Exception:  # noqa: BLE001 - the border to the library: without an answer there is none
                return False
            return True

        lane = Lane("database", Breaker(1, 1.0))
        self._workers.submit(lane, Job(batch, lane.breaker, work, lambda _: None))


async def _finish(batch: Batch) -> None:
    """Wait for a batch, and give other tasks a turn even if there was nothing to wait for."""
    if not batch.jobs:
        await anyio.lowlevel.checkpoint()
    await batch.wait()


def _silence(is_started: bool, timeout_s: float) -> Failure:
    if is_started:
        return Failure(ErrorKind.TIMEOUT, f"no answer within {timeout_s:g} s", "deadline")
    message = f"not asked within {timeout_s:g} s: the device is busy with an earlier call, or all threads are"
    return Failure(ErrorKind.TIMEOUT, message, "deadline")
