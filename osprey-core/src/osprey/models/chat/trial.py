"""The way of one question along a chain of models: which is asked next, after which pause, and when it is over."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from attrs import define, field

from osprey.config.models import ModelChoice
from osprey.errors import ModelError, ModelErrorKind, OspreyError
from osprey.models.chat.account import Account
from osprey.models.chat.link import Link
from osprey.models.chat.patience import Patience

OpenLink = Callable[[ModelChoice], Awaitable[Link]]


@define
class _Failed:
    """One model that gave no answer."""

    name: str
    kind: ModelErrorKind
    messages: list[str] = field(factory=list[str])
    is_asked: bool = True

    def sentence(self) -> str:
        if not self.is_asked:
            return f"{self.name} cannot be asked: {'; '.join(self.messages)}"
        count = len(self.messages)
        times = f" {count} times" if count > 1 else ""
        return f"{self.name} was asked{times}: {'; then '.join(_without_repeats(self.messages))}"


class Trial:
    """The way of one question. Whoever asks takes a link of `next_link`, and tells `failed` that it had no answer."""

    def __init__(self, what: str, chain: Sequence[ModelChoice], open_link: OpenLink, patience: Patience) -> None:
        self._what = what
        self._chain = list(chain)
        self._open = open_link
        self._patience = patience
        self._link: Link | None = None
        self._retries = 0
        self._failures: list[_Failed] = []

    async def next_link(self, account: Account) -> Link:
        """Give the model to ask now.

        :raises ModelError: no model of the chain gave an answer, with all that failed; or the account is exhausted.
        :raises ConfigError, PluginError: the first model cannot be asked as it is configured; one without its key is
            passed over as one that is down.
        """
        self._require_room(account)
        while self._link is None:
            if not self._chain:
                raise self._error()
            choice = self._chain.pop(0)
            try:
                self._link = await self._open(choice)
            except OspreyError as exc:
                if not self._failures and not isinstance(exc, ModelError):
                    raise
                kind = exc.kind if isinstance(exc, ModelError) else ModelErrorKind.INVALID
                self._failures.append(_Failed(choice.path, kind, [str(exc)], is_asked=False))
            else:
                self._failures.append(_Failed(self._link.reach.label, ModelErrorKind.SERVER))
                self._retries = self._link.reach.max_retries
        return self._link

    async def failed(self, error: ModelError) -> None:
        """Take down that the link gave no answer; wait, if it is to be asked again."""
        last = self._failures[-1]
        last.kind = error.kind
        last.messages.append(f"{error} ({error.kind})")
        pause_s = self._patience.pause_s(error, len(last.messages) - 1) if self._retries else None
        if pause_s is None:
            self._link = None
        else:
            self._retries -= 1
            await self._patience.sleep(pause_s)

    def _require_room(self, account: Account) -> None:
        try:
            account.require_room()
        except ModelError as exc:
            if not self._failures:
                raise
            raise ModelError(f"{exc}; before that: {self._told()}", kind=exc.kind) from exc

    def _error(self) -> ModelError:
        kind = self._failures[-1].kind if self._failures else ModelErrorKind.INVALID
        remedy = "`osprey models check` asks each model by itself"
        return ModelError(f"no model answered for {self._what}: {self._told()}; {remedy}", kind=kind)

    def _told(self) -> str:
        return "; ".join(failure.sentence() for failure in self._failures if failure.messages)


def _without_repeats(messages: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(messages))
