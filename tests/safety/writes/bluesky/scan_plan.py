from bluesky import RunEngine
from bluesky.plans import scan
from ophyd import EpicsMotor, EpicsSignalRO

RE = RunEngine({})
theta = EpicsMotor("BL04:M1", name="theta")
diode = EpicsSignalRO("BL04:I0", name="diode")
rows = []
RE(scan([diode], theta, -1, 1, 21), lambda name, doc: rows.append(doc["data"]) if name == "event" else None)
results = {"rows": rows}
