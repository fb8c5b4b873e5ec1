"""Whatever a model answers, over the wire of a driver's own dialect, in both ways of working on a turn.

A plugin with a driver says how its dialect writes an answer (`Dialect`), and runs `check` for every one of `CASES` and
`WAYS`: a real turn of a real project on the mock machine, whose model is a server on the loopback.
"""

from osprey.testing.hostile_models.cases import CASES, Case
from osprey.testing.hostile_models.said import Broken, Hung, Said, Status
from osprey.testing.hostile_models.turns import WAYS, Dialect, check

__all__ = ["CASES", "WAYS", "Broken", "Case", "Dialect", "Hung", "Said", "Status", "check"]
