"""Writing attributes and executing commands: the only module that calls what changes a device.

Few attributes of a device are written one by one, each with its own status. Many are written in one call, four
times as fast; the library then tells which of them failed, but not why, so the reason is looked for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import tango
from attrs import evolve

from osprey.api import ErrorKind, Put, PutResult
from osprey_tango.device import Device
from osprey_tango.encoding import encode, encode_argument
from osprey_tango.faults import Failure, failure_of_call
from osprey_tango.lanes import Batch

MOST_ONE_BY_ONE: Final = 8
"""Up to so many attributes of one device the exact words of each failure are worth a call each."""
_FAILED_NAMES: Final = re.compile(r"object\(s\) (.+)$", re.DOTALL)
WRITABLE: Final = frozenset(
    {tango.AttrWriteType.WRITE, tango.AttrWriteType.READ_WRITE, tango.AttrWriteType.READ_WITH_WRITE}
)


class Order:
    """One put on its way."""

    __slots__ = ("encoded", "info", "is_command", "is_read_command", "is_sent", "part", "put", "result")

    def __init__(self, put: Put, part: str, *, is_command: bool = False, is_read_command: bool = False) -> None:
        self.put = put
        self.part = part
        self.is_command = is_command
        self.is_read_command = is_read_command
        self.info: Any = None
        self.encoded: Any = None
        self.is_sent = False
        self.result: PutResult | None = None

    def mark(self) -> None:
        """Note that it may have left this process."""
        self.is_sent = True

    def done(self) -> PutResult:
        """Give the result of a put that completed."""
        return PutResult(channel=self.put.channel)

    def failed(self, failure: Failure) -> PutResult:
        """Give the result of a put that did not."""
        message = f"{self.put.channel}: {failure.message}"
        return PutResult(
            channel=self.put.channel, error=failure.kind, message=message, raw=failure.raw, was_sent=self.is_sent
        )


class Writing:
    """The puts of one batch to one device."""

    def __init__(self, device: Device, batch: Batch, orders: Sequence[Order]) -> None:
        self._device = device
        self._batch = batch
        self._orders = orders
        self._has_answered = True

    def work(self) -> bool:
        """Prepare all, then send each once; runs on a worker's thread."""
        try:
            proxy = self._prepare()
        except Exception as exc:  # noqa: BLE001 - the border to the library: it becomes every put's result
            failure = failure_of_call(exc)
            if failure.is_of_device:
                self._device.forget_all()
            self.fail_all(failure)
            return not failure.is_of_device
        ready = [order for order in self._orders if order.result is None]
        attributes = [order for order in ready if not order.is_command]
        if len(attributes) > MOST_ONE_BY_ONE and len({order.part for order in attributes}) == len(attributes):
            self._write_together(proxy, attributes)
        else:
            for order in attributes:
                self._send(order, lambda order=order: proxy.write_attribute(order.info, order.encoded))
        for order in ready:
            if order.is_command:
                self._send(order, lambda order=order: execute(proxy, order.part, order.encoded))
        return self._has_answered

    def refuse(self, why: str) -> None:
        """Answer for a device that is left alone."""
        self.fail_all(Failure(ErrorKind.UNREACHABLE, why, "circuit breaker"))

    def fail_all(self, failure: Failure) -> None:
        """Fail whatever has no result yet."""
        for order in self._orders:
            if order.result is None:
                self._settle(order, order.failed(failure))

    def _settle(self, order: Order, result: PutResult) -> None:
        self._batch.settle(lambda: setattr(order, "result", result))

    def _prepare(self) -> Any:
        """Learn the types, and see that the device answers on the very connection that will carry the writes."""
        device = self._device
        proxy = self._living_proxy()
        device.learn(proxy, {order.part for order in self._orders if not order.is_command})
        for order in self._orders:
            try:
                self._encode(proxy, order)
            except (TypeError, ValueError, OverflowError) as exc:
                self._settle(order, order.failed(Failure(ErrorKind.BAD_VALUE, str(exc), type(exc).__name__)))
            except tango.DevFailed as exc:
                self._settle(order, order.failed(failure_of_call(exc)))
        return proxy

    def _living_proxy(self) -> Any:
        """Give a proxy whose device answers; what fails here has not been sent.

        The first failure is that of the old connection, if the server was started anew since the last call.
        """
        proxy = self._device.proxy(self._batch.remaining_s, is_for_writes=True)
        try:
            proxy.ping()
        except tango.DevFailed as exc:
            if failure_of_call(exc).kind is not ErrorKind.UNREACHABLE:
                raise
            self._device.forget_all()
            proxy = self._device.proxy(self._batch.remaining_s, is_for_writes=True)
            proxy.ping()
        return proxy

    def _encode(self, proxy: Any, order: Order) -> None:
        order.info = None if order.is_command else self._device.infos.get(order.part)
        if order.info is None:
            command = proxy.command_query(order.part)
            order.is_command = True
            if order.is_read_command:
                failure = Failure(ErrorKind.PERMISSION, "the configuration declares this command as one that reads")
                self._settle(order, order.failed(failure))
            order.encoded = encode_argument(order.put.value, command.in_type)
        elif order.info.writable not in WRITABLE:
            failure = Failure(ErrorKind.PERMISSION, "the attribute cannot be written", "API_AttrNotWritable")
            self._settle(order, order.failed(failure))
        else:
            order.encoded = encode(order.put.value, order.put.shape, order.info)

    def _send(self, order: Order, call: Callable[[], object]) -> None:
        if not self._batch.may_send(order.mark):
            return
        try:
            call()
        except Exception as exc:  # noqa: BLE001 - the border to the library: it becomes the put's result
            self._settle(order, order.failed(self._understand(order, exc)))
        else:
            self._settle(order, order.done())

    def _understand(self, order: Order, exc: Exception) -> Failure:
        failure = failure_of_call(exc)
        if not isinstance(exc, tango.DevFailed):
            # Not the device's word: the library may have failed over the answer, after the device had acted.
            return evolve(failure, kind=ErrorKind.INVALID_DATA)
        if failure.is_of_device:
            self._has_answered = False
            self._device.forget_all()
        else:
            self._device.forget(order.part)  # its type or limits may have changed, so ask again next time
        return failure

    def _write_together(self, proxy: Any, orders: Sequence[Order]) -> None:
        if not self._batch.may_send(lambda: [order.mark() for order in orders]):
            return
        try:
            proxy.write_attributes([(order.info, order.encoded) for order in orders])
        except Exception as exc:  # noqa: BLE001 - the border to the library: it becomes the puts' results
            self._tell_apart(proxy, orders, exc)
        else:
            self._batch.settle(lambda: [setattr(order, "result", order.done()) for order in orders])

    def _tell_apart(self, proxy: Any, orders: Sequence[Order], exc: Exception) -> None:
        named = failed_names(exc, {order.part for order in orders})
        if named is None:
            for order in orders:
                self._settle(order, order.failed(self._understand(order, exc)))
            return
        failed = [order for order in orders if order.part in named]
        for order in orders:
            if order.part not in named:
                self._settle(order, order.done())
        reasons = self._look_for_reasons(proxy, failed)
        for order, reason in zip(failed, reasons, strict=True):
            self._settle(order, order.failed(reason))

    def _look_for_reasons(self, proxy: Any, failed: Sequence[Order]) -> list[Failure]:
        unknown = "the device did not take it; written together with others, it gives no reason"
        try:
            self._device.learn(proxy, [order.part for order in failed], again=True)
        except tango.DevFailed:
            return [Failure(ErrorKind.REJECTED, unknown, "API_AttributeFailed") for _ in failed]
        reasons: list[Failure] = []
        for order in failed:
            bounds = outside(order.encoded, self._device.infos.get(order.part))
            if bounds:
                reasons.append(Failure(ErrorKind.OUT_OF_LIMITS, bounds, "API_AttributeFailed"))
            else:
                reasons.append(Failure(ErrorKind.REJECTED, unknown, "API_AttributeFailed"))
        return reasons


def failed_names(exc: Exception, parts: set[str]) -> set[str] | None:
    """Give the attributes that the library names as failed; None where it does not say it beyond doubt."""
    if not isinstance(exc, tango.DevFailed) or exc.args[0].reason != "API_AttributeFailed":
        return None
    match = _FAILED_NAMES.search(exc.args[0].desc.strip())
    names = {name.strip().lower() for name in match[1].split(",")} if match else set()
    return names if names and names <= parts else None


def outside(value: Any, info: Any) -> str:
    """Say that a value is outside what the attribute's configuration allows; empty if it is not."""
    if info is None or isinstance(value, str):
        return ""
    elements = value if hasattr(value, "__len__") else [value]
    low, high = number_or_none(info.min_value), number_or_none(info.max_value)
    for one in elements if len(elements) and not hasattr(elements[0], "__len__") else ():
        if one != one or (low is not None and one < low) or (high is not None and one > high):
            return f"{one} is outside the attribute's limits ({info.min_value} to {info.max_value})"
    return ""


def number_or_none(text: str) -> float | None:
    """Give a limit of the configuration as a number; None where none is specified."""
    try:
        return float(text)
    except ValueError:
        return None


def execute(proxy: Any, command: str, argument: Any = None) -> Any:
    """Execute a command once."""
    return proxy.command_inout(command) if argument is None else proxy.command_inout(command, argument)
