import bluesky.plan_stubs as bps
from bluesky import RunEngine
from ophyd import EpicsSignal

phase = EpicsSignal("SR:RF:PHASE", name="phase")
phase.wait_for_connection()


def step_phase(delta):
    start = yield from bps.rd(phase)
    yield from bps.mv(phase, start + delta)
    yield from bps.sleep(0.5)


RunEngine()(step_phase(1.5))
results = {}
