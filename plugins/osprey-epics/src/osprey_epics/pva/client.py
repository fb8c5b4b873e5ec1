"""One p4p context and the one thread that speaks to it.

p4p answers on threads of its own (pvxs); what comes is decoded there and handed to the batch, which wakes the loop
once. Issuing and closing take the library's lock, so neither happens on the loop.
"""

from __future__ import annotations

import atexit
import logging
import queue
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any, Final

from p4p import Value
from p4p.client.raw import Cancelled, Context, RemoteError

from osprey.control import DType, ErrorKind
from osprey.errors import ConnectorError
from osprey_epics.batch import Ask, Batch, Done, Failure, Request
from osprey_epics.dbr import Sample
from osprey_epics.monitors import Subscription
from osprey_epics.names import parse_name
from osprey_epics.pva.encoding import fill
from osprey_epics.pva.names import parse_pva_name
from osprey_epics.pva.structures import NotOneValueError, decode
from osprey_epics.pva.watching import Watch

_log = logging.getLogger(__name__)
_PUT: Final = "field(value)record[block=true,process=passive]"
"""Store, process as a put of Channel Access does, and answer once the record is done."""
_PUT_TO_FIELD: Final = "field(value)record[process=passive]"
"""The same for a field other than the value, without waiting for a slow record: QSRV of pvxs 1.5.3 stops serving
anybody once a put that waits has failed, and a put to such a field may fail (an expression that does not compile)."""
_STOP_TIMEOUT_S: Final = 10.0
_open_clients: weakref.WeakSet[PvaClient] = weakref.WeakSet()
_CLOSED: Final = Failure(ErrorKind.UNREACHABLE, "the connector was closed")
_SURE_REFUSALS: Final = ("S_db_putDisabled", "Put not permitted", "S_db_noMod", "not writable", "read-only")
"""What QSRV and gateways say of a put that was not taken; any other error may have come after the value was stored."""


class _TooLateError(Exception):
    """The deadline passed before the put could leave."""


class PvaClient:
    """A context with its thread; the public methods may be called from any other thread."""

    def __init__(self, variables: Mapping[str, str]) -> None:
        self.variables = variables
        self._tasks: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._operations: dict[Batch, list[Any]] = {}
        self._watches: dict[Subscription, list[Watch]] = {}
        self._answered: set[str] = set()
        self._gate = threading.Lock()
        self._is_closed = False
        self._context: Context | None = None
        # Closing waits for p4p's own thread each time; apart, it does not hold up what is asked next.
        self._closing: queue.SimpleQueue[Iterable[Any] | None] = queue.SimpleQueue()
        self._closer = threading.Thread(target=self._close_all, name="osprey-epics-pva-closing", daemon=True)
        self._thread = threading.Thread(target=self._run, name="osprey-epics-pva", daemon=True)

    @property
    def operation_count(self) -> int:
        """How many operations and monitors are under way; at rest, none."""
        return sum(map(len, (*self._operations.values(), *self._watches.values())))

    def has_answered(self, channel: str) -> bool:
        """True if a server has ever answered for this channel."""
        return channel in self._answered

    def start(self) -> None:
        """Make the context.

        :raises ConnectorError: p4p could not make one.
        """
        try:
            self._context = Context("pva", conf=dict(self.variables), useenv=True, nt=False)
        except Exception as exc:
            msg = f"PV Access could not be started: {exc}"
            raise ConnectorError(msg) from exc
        self._thread.start()
        self._closer.start()
        _open_clients.add(self)

    def stop(self) -> None:
        """End the context and its thread; what is still asked is answered as unreachable. Idempotent."""
        with self._gate:
            if not self._is_closed:
                self._is_closed = True
                self._tasks.put(None)
        self._thread.join(_STOP_TIMEOUT_S)
        _open_clients.discard(self)

    def submit(self, batch: Batch) -> None:
        """Begin all requests of a batch.

        :raises ConnectorError: the context is closed.
        """
        self._post_or_raise(partial(self._begin, batch))

    def abandon(self, batch: Batch) -> None:
        """Close what a batch has asked; called for each batch, once it is over."""
        self._post(lambda: self._close(self._operations.pop(batch, ())))

    def watch(self, subscription: Subscription) -> None:
        """Begin to send updates to a subscription.

        :raises ConnectorError: the context is closed.
        """
        self._post_or_raise(partial(self._watch, subscription))

    def unwatch(self, subscription: Subscription) -> None:
        """End a subscription."""
        self._post(lambda: self._close(self._watches.pop(subscription, ())))

    def _post_or_raise(self, task: Callable[[], None]) -> None:
        if not self._post(task):
            msg = "the EPICS connector is closed"
            raise ConnectorError(msg)

    def _post(self, task: Callable[[], None]) -> bool:
        with self._gate:
            if not self._is_closed:
                self._tasks.put(task)
            return not self._is_closed

    def _run(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                task()
            except Exception:  # noqa: BLE001 - one bad task must not end the thread; logged
                _log.exception("a task of the PV Access thread failed")
        for batch, operations in self._operations.items():
            for request in batch.requests:
                batch.settle(request, _CLOSED)
            self._close(operations)
        for subscription, watches in self._watches.items():
            subscription.end()
            self._close(watches)
        self._operations.clear()
        self._watches.clear()
        self._closing.put(None)
        self._closer.join()
        if self._context is not None:
            self._context.close()

    def _close(self, operations: Iterable[Any]) -> None:
        self._closing.put(operations)

    def _close_all(self) -> None:
        while (operations := self._closing.get()) is not None:
            for operation in operations:
                operation.close()

    # Requests

    def _begin(self, batch: Batch) -> None:
        kept = self._operations[batch] = []
        for request in batch.requests:
            if batch.is_over:
                return
            try:
                kept.append(self._issue(request))
            except Exception as exc:  # noqa: BLE001 - p4p's word on one request, which is that request's failure
                batch.settle(request, Failure(ErrorKind.BAD_VALUE, f"{request.name}: {exc}"))

    def _issue(self, request: Request) -> Any:
        assert self._context is not None  # noqa: S101 - the thread runs only with a context
        name = parse_pva_name(request.name)
        if request.ask is not Ask.PUT:
            return self._context.get(name.channel, partial(self._take, request, name.channel, name.path))
        # The states of an enumeration are needed to refuse one that there is not; they come with its value.
        has_states = request.dtype is DType.ENUM
        return self._context.put(
            name.channel,
            partial(self._take_put, request),
            builder=partial(self._build, request, name.channel),
            request=_PUT if parse_name(name.channel).is_value_field else _PUT_TO_FIELD,
            get=has_states,
        )

    def _take(self, request: Request, channel: str, path: tuple[str, ...], answer: Any) -> None:
        received_ns = time.time_ns()
        if isinstance(answer, Cancelled):
            return
        if not isinstance(answer, Value):
            request.batch.settle(request, _failure_of(request.name, answer))
            return
        self._answered.add(channel)
        if request.ask is Ask.LIFE:
            request.batch.settle(request, Sample(True, DType.BOOL, (), 0, 0, None, received_ns))
            return
        try:
            told = decode(request.name, answer, path, received_ns, with_limits=request.ask is Ask.CONTROL)
        except NotOneValueError as exc:
            request.batch.settle(request, Failure(ErrorKind.UNSUPPORTED, str(exc)))
            return
        is_whole = request.ask in (Ask.READING, Ask.CONTROL)
        request.batch.settle(request, told if is_whole else told.sample)

    def _build(self, request: Request, channel: str, target: Value) -> None:
        """Fill in a put, on p4p's thread; whatever this raises, nothing is sent."""
        self._answered.add(channel)
        if request.is_sent:
            # A lost connection came back: what was sent once is not sent again.
            raise _TooLateError
        fill(target, request.value, is_text=request.is_text)
        if not request.batch.mark_sent(request):
            raise _TooLateError

    def _take_put(self, request: Request, answer: Any) -> None:
        if isinstance(answer, Cancelled | _TooLateError):
            return
        if answer is None:
            request.batch.settle(request, Done())
        elif isinstance(answer, ValueError):
            request.batch.settle(request, Failure(ErrorKind.BAD_VALUE, f"{request.name}: {answer}"))
        else:
            request.batch.settle(request, _put_failure_of(request.name, answer))

    # Monitors

    def _watch(self, subscription: Subscription) -> None:
        kept = self._watches[subscription] = []
        for index, name in list(subscription.searched()):
            try:
                kept.append(Watch(self._context, subscription, index, parse_pva_name(name).channel, self._post))
            except Exception as exc:  # noqa: BLE001 - p4p's word on one channel, which is that channel's failure
                subscription.offer(index, Failure(ErrorKind.BAD_VALUE, f"{name}: {exc}"))


def _failure_of(name: str, answer: Any) -> Failure:
    kind = ErrorKind.REJECTED if isinstance(answer, RemoteError) else ErrorKind.INVALID_DATA
    return Failure(kind, f"{name}: {answer}", str(answer))


def _put_failure_of(name: str, answer: Any) -> Failure:
    """Turn an error into a failure; only a refusal that is known to be one says that nothing happened."""
    raw = str(answer)
    if isinstance(answer, RemoteError) and "not permitted" in raw:
        return Failure(ErrorKind.PERMISSION, f"{name}: {raw}", raw)
    if isinstance(answer, RemoteError) and any(words in raw for words in _SURE_REFUSALS):
        return Failure(ErrorKind.REJECTED, f"{name}: {raw}", raw)
    message = f"{name}: the server reports that the put failed ({raw}); the record may have taken it all the same"
    return Failure(ErrorKind.INVALID_DATA, message, raw)


@atexit.register
def _stop_all() -> None:
    """End what a program left open, before the interpreter goes."""
    for client in list(_open_clients):
        client.stop()
