from bluesky import Msg, RunEngine
from ophyd import EpicsSignal

gate = EpicsSignal("FE04:SHUTTER", name="gate")


def plan():
    yield Msg("open_run")
    yield Msg("set", gate, 1, group="gate")
    yield Msg("wait", None, group="gate")
    yield Msg("close_run")


RunEngine({})(plan())
results = {}
