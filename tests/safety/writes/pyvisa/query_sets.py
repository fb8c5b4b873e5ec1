from pyvisa import ResourceManager

scope = ResourceManager().open_resource("GPIB0::7::INSTR")
scope.query("*RST;*OPC?")
scope.write_ascii_values("CURVE ", [0, 1, 2, 3])
results = {"id": scope.query("*IDN?")}
