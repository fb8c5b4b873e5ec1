"""What is said to Claude Code: the rules once, then one text a phase."""

from __future__ import annotations

from typing import Final

from osprey.api import WritingBrief
from osprey_claude.code.settings import ClaudeFile

_PHASES: Final = {
    "scan": (
        "First look through the files of this folder. Say in a few sentences which of them show how a program like "
        "this one is written here, and what to take over from each. Write no program yet."
    ),
    "plan": (
        "Plan the program: which channels are read and written, in which order, what is computed, what `results` "
        "holds, what can go wrong. At most twelve lines. Write no program yet."
    ),
    "write": "Now write the whole program, as one block of Python and nothing else.",
}


def system_text(file: ClaudeFile, brief: WritingBrief) -> str:
    """Give what holds for the whole conversation."""
    return "\n\n".join(filter(None, (file.system_prompt, brief.rules, *file.system_prompt_extensions)))


def phase_text(phase: str, file: ClaudeFile) -> str:
    """Give what one phase asks; the file's words go before the plugin's."""
    return file.phases.get(phase) or _PHASES[phase]
