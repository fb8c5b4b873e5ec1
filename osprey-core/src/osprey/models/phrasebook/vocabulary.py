"""The closed sets of words that the grammar itself knows."""

from __future__ import annotations

from osprey.models.phrasebook.phrase_parts import Role, Statistic


def words_of(text: str) -> frozenset[str]:
    """Make a set of the words of `text`."""
    return frozenset(text.split())


NEGATIONS = words_of("""
    not no never none nothing neither nor cannot without except excluding exclude but unless instead avoid
    refrain stop cancel abort don't dont doesn't didn't won't can't couldn't shouldn't wouldn't mustn't
    isn't aren't wasn't weren't undo revert ignore forget skip prevent
    """)
CONDITIONS = words_of(
    "if when whenever unless once provided assuming suppose otherwise else because should "
    "would could might may whether or either"
)
HEDGES = words_of("""
    maybe perhaps probably possibly approximately roughly slightly somewhat almost nearly bit
    little sort kind try guess
    """)
CORRECTIONS = words_of("sorry oops rather correction actually meant")
"""A change with one of these names two values, or two devices, and which of them holds has to be asked."""
INEXACT = HEDGES | words_of("or either")
"""Words that leave the value of a change open rather than the change itself."""
APPROVALS = words_of("""
    yes yep yeah ok okay sure approve approved approves confirm confirmed agree agreed accept accepted
    proceed granted y go do
    """)
"""A sentence that starts with one of these sounds like a decision; text never decides."""

SET_VERBS = words_of("set put adjust change move bring take drive drop bump raise lower increase decrease reduce")
WRITE_OUT_VERBS = words_of("set write put apply")
STEP_UP = words_of("raise increase add bump boost increment")
STEP_DOWN = words_of("lower decrease reduce subtract drop decrement")
STEP_SIGNED = words_of("move change shift step adjust nudge tweak bring take turn push")
SCAN_VERBS = words_of("scan sweep vary step ramp walk")
SHOW_VERBS = words_of("""
    show showing plot plotting display displaying draw drawing read reading measure measuring record
    recording observe observing see compare log logging note noting track tracking acquire acquiring
    """)
WRITE_VERBS = SET_VERBS | WRITE_OUT_VERBS | STEP_UP | STEP_DOWN | STEP_SIGNED | SCAN_VERBS | {"caput", "zero"}
PLOT_VERBS = words_of("plot draw graph chart")

CHANGE_VERBS = words_of("""
    change changed vary varied fluctuate fluctuated drift drifted evolve evolved develop developed behave
    behaved
    """)
"""What values did by themselves; `change` is among the verbs of writing too."""

QUANTIFIERS = words_of("all every each both")
PLANES = words_of("horizontal vertical h v x y")
NOISE = words_of("""
    the a an of its my our this these that those value values level levels channel channels pv pvs signal
    signals device devices present actual latest momentary there me us each
    """)
"""Words inside a subject that say nothing about which channels are meant."""

STOPS = words_of("""
    to by over during since between today tonight tomorrow later soon
    yesterday with versus vs against before after afterwards now then
    ago at within for across through throughout along as from until till and in on is are was were has have had do
    does did be been please including last past previous plus using about around while waiting wait pausing
    settling how what which who where up down off
    """)
"""Words that end a subject."""

ROLE_WORDS = {
    "setpoint": Role.SETPOINT,
    "setpoints": Role.SETPOINT,
    "demand": Role.SETPOINT,
    "readback": Role.READBACK,
    "readbacks": Role.READBACK,
    "reading": Role.READBACK,
    "readings": Role.READBACK,
    "status": Role.STATUS,
    "state": Role.STATUS,
    "states": Role.STATUS,
}
ROLE_PHRASES = {
    ("set", "point"): Role.SETPOINT,
    ("set", "points"): Role.SETPOINT,
    ("set", "value"): Role.SETPOINT,
    ("set", "values"): Role.SETPOINT,
    ("read", "back"): Role.READBACK,
    ("read", "backs"): Role.READBACK,
    ("measured", "value"): Role.READBACK,
    ("measured", "values"): Role.READBACK,
}

EVERY_STATISTIC = (Statistic.MEAN, Statistic.STD, Statistic.MIN, Statistic.MAX, Statistic.TREND)
STATISTIC_PHRASES: dict[str, tuple[Statistic, ...]] = {
    "mean value": (Statistic.MEAN,),
    "average value": (Statistic.MEAN,),
    "mean": (Statistic.MEAN,),
    "average": (Statistic.MEAN,),
    "avg": (Statistic.MEAN,),
    "median": (Statistic.MEDIAN,),
    "median value": (Statistic.MEDIAN,),
    "standard deviation": (Statistic.STD,),
    "standard deviations": (Statistic.STD,),
    "spread": (Statistic.STD,),
    "std": (Statistic.STD,),
    "stddev": (Statistic.STD,),
    "sigma": (Statistic.STD,),
    "scatter": (Statistic.STD,),
    "jitter": (Statistic.STD,),
    "stability": (Statistic.STD,),
    "fluctuation": (Statistic.STD,),
    "fluctuations": (Statistic.STD,),
    "variation": (Statistic.STD,),
    "rms": (Statistic.RMS,),
    "root mean square": (Statistic.RMS,),
    "minimum": (Statistic.MIN,),
    "min": (Statistic.MIN,),
    "lowest": (Statistic.MIN,),
    "smallest": (Statistic.MIN,),
    "maximum": (Statistic.MAX,),
    "max": (Statistic.MAX,),
    "highest": (Statistic.MAX,),
    "largest": (Statistic.MAX,),
    "peak": (Statistic.MAX,),
    "range": (Statistic.MIN, Statistic.MAX),
    "extremes": (Statistic.MIN, Statistic.MAX),
    "trend": (Statistic.TREND,),
    "slope": (Statistic.TREND,),
    "drift": (Statistic.TREND,),
    "rate of change": (Statistic.TREND,),
    "statistics": EVERY_STATISTIC,
    "stats": EVERY_STATISTIC,
    "summary": EVERY_STATISTIC,
}

NUMBER_WORDS = {
    "zero": 0,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
    "ten": 10,
    "eleven": 11,
    "twelve": 12,
    "fifteen": 15,
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
}
