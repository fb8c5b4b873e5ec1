import taurus
from sardana.taurus.core.tango.sardana.macroserver import registerExtensions

registerExtensions()
door = taurus.Device("door/lab/01")
door.RunMacro(["mv", "slit_gap", "0.5"])
results = {"state": str(door.state)}
