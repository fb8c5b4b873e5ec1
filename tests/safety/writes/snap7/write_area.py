from snap7.client import Client
from snap7.type import Areas

client = Client()
client.connect("plc-water", 0, 2)
client.write_area(Areas.MK, 0, 10, bytearray([1]))
client.plc_hot_start()
results = {"state": str(client.get_cpu_state())}
