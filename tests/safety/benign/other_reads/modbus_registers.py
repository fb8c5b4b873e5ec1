from pymodbus.client import ModbusTcpClient

client = ModbusTcpClient("192.0.2.44")
client.connect()
answer = client.read_input_registers(30, count=4, slave=1)
coils = client.read_coils(0, count=8)
client.close()
results = {"registers": answer.registers, "coils": coils.bits}
