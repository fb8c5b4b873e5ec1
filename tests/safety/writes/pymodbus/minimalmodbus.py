import minimalmodbus

oven = minimalmodbus.Instrument("/dev/ttyS1", 1)
oven.write_register(0x0, 1500, number_of_decimals=1)
results = {"temperature": oven.read_register(0x1, 1)}
