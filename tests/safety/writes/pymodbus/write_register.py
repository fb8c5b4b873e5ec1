from pymodbus.client import ModbusTcpClient

client = ModbusTcpClient("192.0.2.44", port=502)
client.connect()
client.write_register(40, 1800, slave=1)
check = client.read_holding_registers(40, count=1, slave=1)
client.close()
results = {"register": check.registers[0]}
