from taurus import Attribute
from taurus.core.units import Q_

phase = Attribute("tango:sr/rf/cav2/phase")
phase.write(Q_(14.0, "deg"))
results = {"phase": str(phase.rvalue)}
