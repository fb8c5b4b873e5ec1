import snap7
from snap7.util import get_real

plc = snap7.client.Client()
plc.connect("192.0.2.60", 0, 1)
block = plc.db_read(12, 0, 8)
results = {"pressure": get_real(block, 0), "state": str(plc.get_cpu_state())}
