"""What goes on, as Python's `logging` says it, written as text or JSON without secrets.

The command line begins it with `logging_in`; a program that has Osprey inside keeps its own logging, and no other room
sets any up. `turn_noted` is how a turn makes its name stand on every record. Imported on every start: the rest comes
with the first record.
"""

from osprey.logs.starting import logging_in
from osprey.logs.turns import NotedTurn, noted_turn, turn_noted

__all__ = ["NotedTurn", "logging_in", "noted_turn", "turn_noted"]
