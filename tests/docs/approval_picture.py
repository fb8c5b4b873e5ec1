"""Write docs/approval.svg: the request for approval of a real question to the simulated ring."""

from __future__ import annotations

import io
import re
import tempfile
from pathlib import Path

import anyio
from rich.console import Console

from osprey.agent.session import open_agent
from osprey.approval import Card, card_of
from osprey.cli.approval_view import print_card
from osprey.journal import journal_of
from osprey.project import open_project

PICTURE = Path(__file__).parents[2] / "docs/approval.svg"
QUESTION = "raise every horizontal corrector of sector 2 by 0.1 A"


async def card_of_a_real_request() -> Card:
    """Ask the ring of a new project, and give the card of the request that waits."""
    with tempfile.TemporaryDirectory() as folder:
        async with open_project(Path(folder)) as project, open_agent(project) as agent:
            result = await agent.ask(QUESTION)
            assert result.approval, result
            return card_of(project, await journal_of(project).requests.get(result.approval))


def main() -> None:
    """Draw the card as a terminal of 110 columns shows it."""
    console = Console(record=True, width=110, file=io.StringIO(), highlight=False)
    print_card(anyio.run(card_of_a_real_request), console)
    drawn = console.export_svg(title=f"osprey ask {QUESTION}")
    # Who looks at the picture need not fetch a font from somebody else's host: any monospaced one will do.
    PICTURE.write_text(re.sub(r"@font-face \{.*?\}\s*", "", drawn, flags=re.DOTALL), encoding="utf-8")
    print("wrote docs/approval.svg")


if __name__ == "__main__":
    main()
