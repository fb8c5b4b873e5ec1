"""Text of others, to be shown: what would move a cursor or turn the writing around stands there as an escape.

Devices, models, files and people write what is shown here, and none of them may draw over what a person decides on.
"""

from __future__ import annotations


def printable(text: str) -> str:
    """Give a text for one line: every control and direction-changing character, a line's end too, as an escape."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)


def printable_lines(text: str) -> str:
    """Give a text of several lines: its line ends stay as they are."""
    return "\n".join(printable(line) for line in text.split("\n"))
