import snap7
from snap7.util import set_bool, set_real

plc = snap7.client.Client()
plc.connect("192.0.2.60", 0, 1)
block = plc.db_read(12, 0, 8)
set_real(block, 0, 3.75)
set_bool(block, 4, 0, True)
plc.db_write(12, 0, block)
plc.disconnect()
results = {"db": 12}
