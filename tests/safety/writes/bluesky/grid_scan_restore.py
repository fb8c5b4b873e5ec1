from bluesky import RunEngine
from bluesky import plans as bp
from bluesky import preprocessors as bpp
from ophyd import EpicsMotor
from ophyd.scaler import ScalerCH

RE = RunEngine({})
x, y = EpicsMotor("BL04:M1", name="x"), EpicsMotor("BL04:M2", name="y")
scaler = ScalerCH("BL04:scaler1", name="scaler")
RE(bpp.reset_positions_wrapper(bp.grid_scan([scaler], x, 0, 1, 5, y, 0, 1, 5, snake_axes=True)))
results = {}
