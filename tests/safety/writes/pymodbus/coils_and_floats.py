from pymodbus.client import ModbusTcpClient
from pymodbus.constants import Endian
from pymodbus.payload import BinaryPayloadBuilder

builder = BinaryPayloadBuilder(byteorder=Endian.BIG)
builder.add_32bit_float(21.75)
with ModbusTcpClient("chiller.hall.example") as chiller:
    chiller.write_coil(3, True)
    chiller.write_registers(100, builder.to_registers(), slave=2)
results = {"setpoint": 21.75}
