from ophyd import Component as C
from ophyd import EpicsSignal, EpicsSignalRO, PVPositioner


class Gap(PVPositioner):
    setpoint = C(EpicsSignal, ":SP")
    readback = C(EpicsSignalRO, ":RB")
    done = C(EpicsSignalRO, ":DONE")
    stop_signal = C(EpicsSignal, ":STOP")


gap = Gap("ID04:GAP", name="gap")
gap.set(22.4).wait(timeout=120)
results = {"gap": gap.position}
