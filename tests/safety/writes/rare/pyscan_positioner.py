from pyscan import epics_pv, scan
from pyscan.positioner.vector import VectorPositioner
from pyscan.scan_parameters import scan_settings

positioner = VectorPositioner(positions=[[18.0], [18.5], [19.0]])
data = scan(
    positioner=positioner,
    readables=[epics_pv("BL04:I0")],
    writables=[epics_pv("ID04:GAP", "ID04:GAP:RB", tolerance=0.01)],
    settings=scan_settings(settling_time=1.0),
)
results = {"data": data}
