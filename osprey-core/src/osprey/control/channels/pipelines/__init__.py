"""Ways from words to channels: the whole list at once, a tree level by level, or families and their functions.

Each works by the channel search alone, and with somebody who chooses among bounded candidates: a model, through the
`Chooser` protocol. What a chooser says is a list of numbers of candidates and nothing else, so no name that is not in
the directory can come out.
"""

from osprey.control.channels.pipelines.choosing import Candidate, Chooser, ChoosingError, Question
from osprey.control.channels.pipelines.finding import ChannelFinding, find_channels

__all__ = ["Candidate", "ChannelFinding", "Chooser", "ChoosingError", "Question", "find_channels"]
