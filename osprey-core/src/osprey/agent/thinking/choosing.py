"""A model that chooses channels: it is shown numbered candidates, and answers with their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from osprey.agent.accounting import asking_in_turn
from osprey.agent.thinking.asking import planning_models, said, told
from osprey.config import ModelRole
from osprey.prompts.fencing import Source, fence
from osprey.prompts.library import prompts_of

if TYPE_CHECKING:
    from osprey.control.channels.pipelines import Question
    from osprey.project import Project

_MOST_LISTED: Final = 16_000
"""Characters: eighty candidates with what is told of them."""


@frozen(kw_only=True)
class ChosenNumbers:
    """What was chosen."""

    numbers: tuple[int, ...] = field(metadata={"about": "numbers of the list, the best first; empty: none fits"})


class ModelChooser:
    """Asks the model of role `channel_finder`. What it answers is checked again by whoever asked."""

    def __init__(self, project: Project) -> None:
        self._project = project

    async def choose(self, question: Question) -> Sequence[int]:
        """Give the numbers of the candidates that fit, the best first.

        :raises ModelError: the model gave no answer, or numbers that are not in the list.
        """
        size = len(question.candidates)
        listed = "\n".join(f"{at}: {one.name}  {one.told}".rstrip() for at, one in enumerate(question.candidates))
        text = prompts_of(self._project).render(
            "choose-channels",
            level=question.level,
            candidates=fence(listed, Source.CHANNELS, limit=_MOST_LISTED),
            most=question.most,
        )

        def check(answer: ChosenNumbers) -> list[str]:
            wrong = [str(number) for number in answer.numbers if not 0 <= number < size]
            problems = [f"there is no number {', '.join(wrong[:5])}: they go from 0 to {size - 1}"] if wrong else []
            if len(answer.numbers) > question.most:
                problems.append(f"these are {len(answer.numbers)} numbers: choose at most {question.most}")
            return problems

        model = planning_models(self._project).of(ModelRole.CHANNEL_FINDER)
        with asking_in_turn(self._project.config) as account:
            answer = await model.ask_for(
                ChosenNumbers, [told(text), said(question.query)], account=account, check=check
            )
        return answer.numbers
