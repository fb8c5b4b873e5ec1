"""The tables of what people say around a question, and what stands for it in the grammar.

A blank stands between words, a bar between choices for one place, and `_` within a choice.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen

_LARGEST = "largest|highest|biggest|greatest|strongest|maximum|hottest|warmest|noisiest|loudest"
_SMALLEST = "smallest|lowest|weakest|minimum|coldest|coolest|quietest"
_EXTREME = "worst|best|working_hardest|working_the_hardest|driven_hardest|running_hardest|hardest"
_MORE = "higher|lower|larger|smaller|bigger|greater|more|less|warmer|hotter|colder|cooler|stronger|weaker|better|worse"
_MOST = "largest|highest|biggest|greatest|strongest|maximum|hottest|warmest"
_LEAST = "smallest|lowest|weakest|minimum|coldest|coolest"
_ON = "on|off|ok|okay|enabled|disabled|active|running|tripped|faulty|switched_on|switched_off|turned_on|turned_off|up"
_CHANNEL = "pv|channel|channel_name|name|pv_name|process_variable"
_CHANNELS = "pv|pvs|channel|channels|signal|signals"
_ANYONE = "anyone|anybody|someone|somebody|we|they|people|operators"
_TOUCHED = (
    "changed|touched|moved|adjusted|altered|modified|switched|turned|tweaked|edited|stepped|varied"
    "|switched_on|switched_off|turned_on|turned_off"
)
_TOUCH = "change|touch|move|adjust|alter|modify|switch|turn|tweak|edit|set|step|raise|lower|put"
_WENT = (
    "move|moved|go|gone|drift|drifted|vary|varied|shift|shifted|swing|swung|wander|wandered|jump|jumped|change|changed"
)
_SAYS = "read|say|show|measure|indicate|give|report|see|display"


@frozen
class Swap:
    """Words that stand for others wherever they are."""

    said: str
    meant: str = ""


@frozen
class Frame:
    """Words at the beginning, others further on, and others at the end, around what is asked about."""

    opening: str
    closing: str = ""
    """Anywhere behind the opening, the last of several. Empty: there is none."""
    tail: str = ""
    """At the very end. Empty: whatever is there is part of the question."""
    meant: str = ""
    between: str = ""
    """What stands in the place of the closing."""


SWAPS: Final = (
    Swap("right now"),
    Swap("at the moment"),
    Swap("at this moment|time|point"),
    Swap("as of now"),
    Swap("as we speak"),
    Swap("these days"),
    Swap("still|exactly|actually|anyway|again|altogether|overall"),
    Swap("at all"),
    Swap("and where|which|where_is_it|where_is_that|which_one|which_one_is_it"),
    Swap("sitting|looking|hovering|running|standing like|at"),
    Swap("looking|sitting|hovering|standing"),
    Swap(
        "in|around|along|across|of|over the ring|machine|storage_ring|whole_ring|entire_ring|whole_machine|accelerator"
    ),
    Swap("for the handover|logbook|log|elog|shift_log|record|records|shift_report|report|meeting"),
    Swap("in|of|for both|the_two planes"),
    Swap("in x and y"),
    Swap("in|for the horizontal|x plane", "horizontal"),
    Swap("in|for the vertical|y plane", "vertical"),
    Swap("in x", "x"),
    Swap("in y", "y"),
    Swap("hor|horiz|horizontally", "horizontal"),
    Swap("ver|vert|vertically", "vertical"),
    Swap("chroma", "chromaticity"),
    Swap("nu", "tune"),
    Swap("sp", "setpoint"),
    Swap("rb|rbv", "readback"),
    Swap("set and read|readback|measured|actual on|of|for|at|in", "setpoint and readback of"),
    Swap("set|demand|demanded and|vs|versus read|readback|measured|actual", "setpoint and readback"),
    Swap("vs|versus readback", "and readback"),
    Swap("vs|versus setpoint", "and setpoint"),
    Swap("is|are going|flowing through", "of"),
    Swap("flows|runs through", "of"),
    Swap("of the last|past|previous", "over the last"),
    Swap("archived", "history of"),
    Swap("from|in|out_of the archive|archiver|history"),
    Swap("data|traces|trace|samples|curve|numbers|figures"),
    Swap("yesterday's", "yesterday of"),
    Swap("today's", "today of"),
    Swap("last night's", "last night of"),
    Swap("this morning's", "this morning of"),
    Swap("the power supply of"),
    Swap("on|at|of|for|over|across any|all|every|each", "of every"),
)
FRAMES: Final = (
    Frame("how big|large|wide is the beam", meant="beam size"),
    Frame("how long does|will the beam live|last", meant="beam lifetime"),
    Frame("how warm|hot|cold is|are", meant="temperature of"),
    Frame("how many", "are_there|do_we_have|have_we|have_we_got|exist", meant="find"),
    Frame("number of", meant="find"),
    Frame(
        "how much",
        "is_stored|do_we_have|we_have|is_there|have_we_got|we_have_got|is_in",
        meant="what is",
    ),
    Frame("how much", meant="what is"),
    Frame("how far|much did|has|have|does", tail=_WENT, meant="range of"),
    Frame("how far|much did|has|have|does", _WENT, meant="range of"),
    Frame("how noisy|stable|steady|quiet was|is|were|are", meant="mean and spread of"),
    Frame("what|which sector|place is", tail="in|at", meant="find"),
    Frame("in what|which sector is|are", meant="find"),
    Frame(f"what is|are the {_CHANNEL} for|of", meant="find"),
    Frame("what is|are", "called|named", meant="find"),
    Frame("which", "channels|pvs exist", meant="find"),
    Frame("which|what", tail="can|could|may i|we|you|one change|set|write|move|adjust|control", meant="find"),
    Frame("which|what", tail="can|could|may be changed|set|written|moved|adjusted|controlled", meant="find"),
    Frame(
        f"is|are there a|any|some {_CHANNELS} for|that_measures|that_measure|that_shows|that_show|of|with", meant="find"
    ),
    Frame(f"do|have we|you have|got a|any|some {_CHANNELS} for|that_measures|that_measure|of|with", meant="find"),
    Frame("what|which value is", "set to", meant="setpoint of"),
    Frame("what is|are", "set to", meant="setpoint of"),
    Frame("what|which", tail="is_set_to|are_set_to", meant="setpoint of"),
    Frame(
        "what|where",
        tail="is_at|are_at|is_sitting_at|is_now|is_reading|are_reading|reads|says|shows|is",
        meant="what is",
    ),
    Frame("what|where is|are", tail="at|now|reading|sitting_at|standing_at|reading_now", meant="what is"),
    Frame("what|which", "does|do", tail=_SAYS, meant="what is", between="of"),
    Frame("what|which", "is|are", tail="reading|showing|measuring|seeing", meant="what is", between="of"),
    Frame("what does|do", _SAYS, meant="what is"),
    Frame("what did", "do", meant="what was"),
    Frame("what|which", "did_we_have|did_we_see", meant="what was"),
    Frame(
        "at which|what",
        "does|do|is",
        tail="run|running|sit|sitting|operate|operating|stand|oscillate",
        meant="what is",
        between="of",
    ),
    Frame("where is the beam at|in|of", meant="orbit of"),
    Frame("is|are", f"{_MORE} now than", meant="compare", between="with"),
    Frame("is|are", f"{_MORE} than", meant="compare", between="with"),
    Frame("by how much does|do|did", "differ from", meant="compare", between="with"),
    Frame("how much|far is|are", f"{_MORE} than", meant="compare", between="with"),
    Frame("how far|much apart|different is|are", meant="compare"),
    Frame("how do|does", "differ|compare", meant="compare"),
    Frame("is|are|was|were", f"{_TOUCHED}", meant="history of"),
    Frame("has|have", f"been {_TOUCHED}", meant="history of"),
    Frame(f"did|has|have {_ANYONE} {_TOUCH}|{_TOUCHED}", "off|on|up|down", meant="history of"),
    Frame(f"did|has|have {_ANYONE} {_TOUCH}|{_TOUCHED}", meant="history of"),
    Frame("how", f"has|have|did {_WENT}|evolved|evolve|behaved|behave|developed|been", meant="history of"),
    Frame("how", "developed|evolved|behaved|changed|varied|drifted|moved|shifted", meant="history of"),
    Frame("did|has|have", f"{_WENT}", meant="history of"),
    Frame("is|are", _ON, meant="status of"),
    Frame("does|do the readback of", "agree|match with its setpoint|set_point", "", "compare setpoint and readback of"),
    Frame(
        "does|do",
        "readback|read_back|reading agree|match|agree_with|match_with its|the|their setpoint|set_point|set_value",
        meant="compare setpoint and readback of",
    ),
    Frame(
        "does|do",
        "agree|match with its|the|their setpoint|set_point|set_value",
        meant="compare setpoint and readback of",
    ),
    Frame(
        "does|do|is|are",
        "follow|at|on its|the|their setpoint|set_point|set_value",
        meant="compare setpoint and readback of",
    ),
    Frame("did", "trip", meant="status of"),
    Frame("which|what|whose", f"has|have the|got_the {_MOST}", meant="maximum of"),
    Frame("which|what|whose", f"is|are|reads|read|shows|show|runs|sits|was {_MOST}", meant="maximum of"),
    Frame("which|what|whose", f"is|are|was the {_MOST}", meant="maximum of"),
    Frame("which|what|whose", f"has|have the|got_the {_LEAST}", meant="minimum of"),
    Frame("which|what|whose", f"is|are|reads|read|shows|show|runs|sits|was {_LEAST}", meant="minimum of"),
    Frame("which|what|whose", f"is|are|was the {_LEAST}", meant="minimum of"),
    Frame("which|what|whose", f"is|are|is_the|are_the {_EXTREME}", meant="range of"),
    Frame(f"where is|are|was the {_LARGEST}", meant="maximum of"),
    Frame(f"where is|are|was the {_SMALLEST}", meant="minimum of"),
    Frame(
        "where is|are|was",
        tail=f"{_LARGEST}|at_its_highest|at_its_largest|the_highest|the_largest|the_biggest",
        meant="maximum of",
    ),
    Frame(
        "where is|are|was",
        tail=f"{_SMALLEST}|at_its_lowest|at_its_smallest|the_lowest|the_smallest",
        meant="minimum of",
    ),
    Frame("strongest|hottest|warmest|biggest|greatest", meant="maximum of"),
    Frame("weakest|coldest|coolest", meant="minimum of"),
    Frame("worst|best", meant="range of"),
    Frame("what is|are|was|were the biggest|greatest|hottest|warmest|strongest", meant="maximum of"),
    Frame("what is|are|was|were the coldest|coolest|weakest", meant="minimum of"),
    Frame("trend|follow|track", meant="plot"),
    Frame(
        "list|list_me|give_me_a_list_of",
        tail="rates|values|readings|currents|pressures|temperatures|temps|settings|voltages|positions|losses|setpoints|set_points|readbacks|states",
        meant="read",
    ),
    Frame("is|are there beam", meant="beam current"),
    Frame("do we have beam", meant="beam current"),
)
TELL: Final = (
    "tell_me|show_me|let_me_know|show|know|tell_us|see|check|find_out|i_wonder how|what|which|where|if|whether"
)
BEFORE_SPAN: Final = frozenset(
    {"last", "past", "previous", "over", "during", "since", "yesterday", "today", "from", "between", "for", "this"}
)
NO_COMPARISON: Final = frozenset({"compare", "plot", "draw", "graph", "chart", "show", "how", "scatter"})
COUNTED: Final = {
    "voltage": "voltage",
    "electric current": "current",
    "pressure": "pressure",
    "power": "power",
    "frequency": "frequency",
    "temperature in degrees Celsius": "temperature",
    "phase": "phase",
}
"""What `how many MV` asks for, by the dimension of the unit."""
