from ophyd import Component as Cpt
from ophyd import Device, EpicsSignal, EpicsSignalRO


class Corrector(Device):
    setpoint = Cpt(EpicsSignal, ":SP")
    readback = Cpt(EpicsSignalRO, ":RB")


vc2 = Corrector("SR:VC02", name="vc2")
vc2.wait_for_connection(timeout=5)
vc2.setpoint.put(0.09)
results = vc2.get()._asdict()
