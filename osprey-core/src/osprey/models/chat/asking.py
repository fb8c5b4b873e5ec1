"""Asking the chat models of a project: by role, with retries, fallbacks, an account, and answers of a wanted form."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from osprey.config import ModelRole
from osprey.config.models import DEFAULT_ROLE, ModelChoice
from osprey.errors import ConfigError, ModelError
from osprey.models.chat.account import Account
from osprey.models.chat.driving import Driving
from osprey.models.chat.link import Asking, Link
from osprey.models.chat.messages import ChatMessage, ChatReply, ChatRequest, TextDelta
from osprey.models.chat.patience import Patience
from osprey.models.chat.reaching import abilities_of, reach_of
from osprey.models.chat.recording import Recorder
from osprey.models.chat.trial import Trial

if TYPE_CHECKING:
    from osprey.project import Project

T = TypeVar("T")


class Models:
    """The chat models of one project; get it with `models_of`."""

    def __init__(self, project: Project, patience: Patience | None = None) -> None:
        self._project = project
        self._patience = patience or Patience()
        self._links: dict[str, Link] = {}
        recording = project.config.models.recording
        self._recorder = None if recording is None else Recorder(recording)

    def serves(self, role: ModelRole) -> bool:
        """Say whether a model is configured for the role, by an entry of its own or by `models.default`."""
        return self._project.config.models.key_of(role) is not None

    def of(self, role: ModelRole) -> RoleModel:
        """Give the model of a role. Nothing is imported and nobody contacted before it is asked.

        :raises ConfigError: none is configured; the message names the key.
        """
        models = self._project.config.models
        key = models.key_of(role)
        if key is None:
            where = f"models.{role} or models.{DEFAULT_ROLE}"
            raise ConfigError(f"no model is configured for {role}: set {where} to a provider and a model_id")
        return RoleModel(role, models.roles[key].chain(f"models.{key}"), self)

    async def open_link(self, choice: ModelChoice) -> Link:
        """Give one model of a chain with its driver, both built once.

        :raises ModelError: its key is missing.
        :raises ConfigError, PluginError: it cannot be asked as it is configured; the message says what is missing.
        """
        link = self._links.get(choice.path)
        if link is None:
            registry = self._project.registry
            reach = reach_of(self._project.config, registry, choice)
            driving = Driving(reach, partial(registry.resolve, "models", reach.dialect))
            link = self._links[choice.path] = Link(driving, self._recorder)
        await link.ready()
        return link

    def calls_tools(self, chain: Sequence[ModelChoice]) -> bool:
        """Say whether every model of a chain calls tools, so that each may stand in for the others.

        :raises ConfigError, PluginError: one of them cannot be asked as it is configured.
        """
        return all(abilities_of(self._project.config, self._project.registry, choice).tools for choice in chain)

    def new_account(self) -> Account:
        """Open an account with the bounds of one turn."""
        return Account.of(self._project.config)

    def new_trial(self, role: ModelRole, chain: Sequence[ModelChoice]) -> Trial:
        """Begin the way of one question along a chain."""
        return Trial(f"{role} ({chain[0].path})", chain, self.open_link, self._patience)

    async def aclose(self) -> None:
        """Close every driver; all are closed, whatever one of them raises."""
        errors: list[Exception] = []
        while self._links:
            _, link = self._links.popitem()
            try:
                await link.aclose()
            except Exception as exc:  # noqa: BLE001 - the others must still be closed; raised below
                errors.append(exc)
        if errors:
            msg = "closing models failed"
            raise ExceptionGroup(msg, errors)


class RoleModel:
    """The model that serves one role, with those that stand in for it."""

    def __init__(self, role: ModelRole, chain: tuple[ModelChoice, ...], models: Models) -> None:
        self.role = role
        self.chain = chain
        """Who is asked, in this order, as the configuration says."""
        self._models = models

    @property
    def has_tools(self) -> bool:
        """Whether it can be given tools, whoever of the chain answers.

        :raises ConfigError, PluginError: a model of the chain cannot be asked as it is configured.
        """
        return self._models.calls_tools(self.chain)

    async def ask(self, request: ChatRequest, *, account: Account | None = None) -> ChatReply:
        """Ask, again after a failure that may pass, then whoever comes next in the chain.

        :param account: of the turn that this belongs to; None: one of its own, with the bounds of a turn.
        :raises ModelError: nobody answered, and what each one's failure was, a key that is missing among them; or the
            account is exhausted.
        :raises ConfigError: another variable is not set, or something else is missing that the message names.
        :raises PluginError: the driver is not installed, or cannot be built.
        """
        account = account or self._models.new_account()
        trial = self._models.new_trial(self.role, self.chain)
        while True:
            link = await trial.next_link(account)
            try:
                return await link.attempt(request, Asking(role=self.role, account=account))
            except ModelError as exc:
                await trial.failed(exc)

    async def stream(
        self, request: ChatRequest, *, account: Account | None = None
    ) -> AsyncGenerator[TextDelta | ChatReply]:
        """Ask as `ask` does, and give the answer piece by piece, the whole reply last.

        Nobody is asked again once a piece was given: what then fails raises, and the pieces are worth nothing. Whoever
        may stop reading before the end closes the stream (`contextlib.aclosing`), which ends the question.

        :raises ModelError, ConfigError, PluginError: as `ask`.
        """
        account = account or self._models.new_account()
        trial = self._models.new_trial(self.role, self.chain)
        while True:
            link = await trial.next_link(account)
            has_begun = False
            try:
                async with aclosing(link.stream(request, Asking(role=self.role, account=account))) as pieces:
                    async for piece in pieces:
                        has_begun = True
                        yield piece
            except ModelError as exc:
                if has_begun:
                    raise
                await trial.failed(exc)
            else:
                return

    async def ask_for(
        self,
        form: type[T],
        messages: Sequence[ChatMessage],
        *,
        account: Account | None = None,
        check: Callable[[T], Sequence[str]] | None = None,
    ) -> T:
        """Ask for a value of an attrs class; an answer that is none is sent back once, with what is wrong.

        :param form: what `osprey.models.chat.forms` can describe.
        :param check: gives a sentence for each thing that is wrong with the content of a well-formed answer.
        :raises ModelError: as `ask`; of kind MALFORMED: the second answer cannot be used either, and why.
        :raises ConfigError, PluginError: as `ask`.
        """
        from osprey.models.chat.structured import Wanted

        wanted = Wanted(form, messages, check)
        account = account or self._models.new_account()
        first = await self.ask(wanted.request(), account=account)
        found = wanted.read(first)
        if found.value is not None:
            return found.value
        again = await self.ask(wanted.repair_request(first, found.problems), account=account)
        found = wanted.read(again)
        if found.value is None:
            raise wanted.error(found.problems, self.role)
        return found.value


def models_of(project: Project) -> Models:
    """Give the chat models of a project, closed together with it."""

    def build(_: Project) -> Models:
        models = Models(project)
        project.on_close(models.aclose)
        return models

    return project.part("models", build)
