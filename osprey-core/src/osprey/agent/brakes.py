"""What stops a turn from outside: a halt. Work without an effect is cut off; an effect that has begun ends by itself,
at the next group of writes and within the deadlines of the guard.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final, TypeVar

import anyio
from attrs import define, field

from osprey.errors import RefusedError, StorageError
from osprey.journal import journal_of

if TYPE_CHECKING:
    from osprey.journal import HaltState
    from osprey.project import Project

T = TypeVar("T")

_LOOK_S: Final = 0.25
"""How often the halt is looked at while a turn runs."""
_current: ContextVar[Brakes | None] = ContextVar("osprey_brakes", default=None)


@define(eq=False)
class Brakes:
    """The brakes of one run of a turn."""

    halted: HaltState | None = None
    """The halt that was set while this run was under way."""
    _scopes: set[anyio.CancelScope] = field(factory=set[anyio.CancelScope], init=False)

    def pull(self, state: HaltState) -> None:
        """Cut off all that can be cut off, now and from now on."""
        self.halted = state
        for scope in tuple(self._scopes):
            scope.cancel()

    @contextmanager
    def section(self) -> Generator[None]:
        """Hold work without an effect, so that a halt cuts it off.

        :raises RefusedError: ``turn.halted``: it was cut off, or must not begin.
        """
        self.require_released()
        with anyio.CancelScope() as scope:
            self._scopes.add(scope)
            try:
                yield
            finally:
                self._scopes.discard(scope)
        if scope.cancelled_caught:
            self.require_released()

    def require_released(self) -> None:
        """Go on only if no halt was set since this run began.

        :raises RefusedError: ``turn.halted``.
        """
        if self.halted is not None:
            msg = (
                f"halted by {self.halted.actor}: {self.halted.reason}; what was under way was cut off, ask again later"
            )
            raise RefusedError(msg, rule="turn.halted")


@contextmanager
def effect_free() -> Generator[None]:
    """Hold work of the turn that runs here and that changes nothing, so that a halt cuts it off.

    :raises RefusedError: ``turn.halted``: it was cut off, or must not begin.
    """
    brakes = _current.get()
    if brakes is None:
        yield
        return
    with brakes.section():
        yield


async def run_with_brakes(project: Project, work: Callable[[], Awaitable[T]]) -> T:
    """Run a part of a turn while the halt is watched; one that was set before holds back writes, and nothing else."""
    brakes = Brakes()
    token = _current.set(brakes)
    failure: BaseException | None = None
    result: list[T] = []
    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_watch, project, brakes, time.time_ns())
            try:
                result.append(await work())
            except anyio.get_cancelled_exc_class():
                raise
            except BaseException as exc:  # noqa: BLE001 - raised below as it is, not as part of a group
                failure = exc
            tasks.cancel_scope.cancel()
    finally:
        _current.reset(token)
    if failure is not None:
        raise failure
    return result[0]


async def _watch(project: Project, brakes: Brakes, begun_ns: int) -> None:
    halt = journal_of(project).halt
    known: HaltState | None = None
    while brakes.halted is None:
        try:
            state = await halt.state()
        except StorageError:
            state = None  # whoever writes is refused without this; reading goes on
        if state is not None:
            is_new = state.since_ns is not None and state.since_ns >= begun_ns
            if state.is_set and (is_new or (known is not None and known != state)):
                brakes.pull(state)
            known = state
        await anyio.sleep(_LOOK_S)
