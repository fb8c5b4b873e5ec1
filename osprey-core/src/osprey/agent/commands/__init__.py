"""Slash commands: a word at the very front of a message that changes how it is answered, or is answered at once.

`wish` reads a message, `table` lists the commands, `setting` and `showing` carry them out. A command changes what it
says that it changes, and nothing that stands behind the first word is ever taken for one.
"""

from osprey.agent.commands.wish import Wish, read_wish

__all__ = ["Wish", "read_wish"]
