from ophyd import Component as Cpt
from ophyd import Device, EpicsSignalRO


class Bpm(Device):
    x = Cpt(EpicsSignalRO, ":X")
    y = Cpt(EpicsSignalRO, ":Y")


bpm = Bpm("SR:BPM01", name="bpm1")
bpm.wait_for_connection(timeout=2)
results = {k: v["value"] for k, v in bpm.read().items()}
