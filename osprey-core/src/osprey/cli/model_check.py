"""Whether the chat models of a project answer: each is asked for one word, by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import anyio
from attrs import frozen

from osprey.cli.plugin_view import columns
from osprey.config.models import ModelChoice, ModelRole
from osprey.config.section import Unset
from osprey.errors import ConfigError, OspreyError
from osprey.models.chat.account import Account, Attempt
from osprey.models.chat.asking import Models, models_of
from osprey.models.chat.link import Asking
from osprey.models.chat.messages import ChatMessage, ChatRequest, Speaker
from osprey.models.chat.sayings import capped
from osprey.printable import printable

if TYPE_CHECKING:
    from osprey.project import Project

_QUESTION: Final = ChatRequest(messages=(ChatMessage(speaker=Speaker.USER, text="Answer with the single word: ready"),))
_MOST_SHOWN: Final = 40


@frozen(kw_only=True)
class ModelCheck:
    """What one model did."""

    choice: ModelChoice
    attempt: Attempt | None
    """None: it could not even be asked."""
    answer: str = ""
    failure: str = ""


async def check_models(project: Project, role: ModelRole | None) -> list[ModelCheck]:
    """Ask every model of a role, or of all entries of the configuration, all at once and each once.

    :raises ConfigError: there is no model to ask.
    """
    models = models_of(project)
    chains = _chains(project, models, role)
    found: dict[str, ModelCheck] = {}

    async def ask(asked: ModelRole, choice: ModelChoice) -> None:
        found[choice.path] = await _check(models, asked, choice)

    async with anyio.create_task_group() as group:
        for asked, chain in chains:
            for choice in chain:
                group.start_soon(ask, asked, choice)
    return [found[choice.path] for _, chain in chains for choice in chain]


def _chains(
    project: Project, models: Models, role: ModelRole | None
) -> list[tuple[ModelRole, tuple[ModelChoice, ...]]]:
    if role is not None:
        return [(role, models.of(role).chain)]
    served = {project.config.models.key_of(one): one for one in reversed(ModelRole) if models.serves(one)}
    if not served:
        raise ConfigError("no model is configured: set models.default to a provider and a model_id")
    return [(one, models.of(one).chain) for one in reversed(served.values())]


async def _check(models: Models, role: ModelRole, choice: ModelChoice) -> ModelCheck:
    account = Account()
    try:
        link = await models.open_link(choice)
        reply = await link.attempt(_QUESTION, Asking(role=role, account=account))
    except OspreyError as exc:
        attempt = account.attempts[0] if account.attempts else None
        return ModelCheck(choice=choice, attempt=attempt, failure=str(exc))
    return ModelCheck(choice=choice, attempt=account.attempts[0], answer=capped(reply.text.strip(), _MOST_SHOWN))


def lines_of(checks: Sequence[ModelCheck]) -> Iterator[str]:
    """Lay the answers out, one line a model."""
    rows = [[one.choice.path, printable(_name(one.choice)), _figures(one.attempt), _outcome(one)] for one in checks]
    yield from columns(rows).splitlines()


def plain_check(check: ModelCheck) -> dict[str, Any]:
    """Give a check as JSON; what was not measured is null."""
    attempt = check.attempt
    return {
        "key": check.choice.path,
        "model": _name(check.choice),
        "answers": not check.failure,
        "seconds": None if attempt is None else round(attempt.seconds, 4),
        "input_tokens": None if attempt is None else attempt.usage.input_tokens,
        "output_tokens": None if attempt is None else attempt.usage.output_tokens,
        "cost": None if attempt is None else attempt.cost,
        "answer": check.answer,
        "failure": check.failure,
    }


def _name(choice: ModelChoice) -> str:
    parts = (choice.provider, choice.model_id)
    return "/".join(part.scalar.source if isinstance(part, Unset) else part for part in parts)


def _figures(attempt: Attempt | None) -> str:
    if attempt is None:
        return "not asked"
    tokens = f"{attempt.usage.input_tokens}+{attempt.usage.output_tokens} tokens"
    cost = "no price" if attempt.cost is None else f"cost {attempt.cost:.6g}"
    return f"{attempt.seconds:.2f} s, {tokens}, {cost}"


def _outcome(check: ModelCheck) -> str:
    return f"FAILED: {printable(check.failure)}" if check.failure else f"answers {check.answer!r}"
