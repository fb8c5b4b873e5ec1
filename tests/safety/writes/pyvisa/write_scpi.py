import pyvisa

rm = pyvisa.ResourceManager("@py")
supply = rm.open_resource("TCPIP::192.0.2.31::INSTR")
supply.timeout = 3000
supply.write("VOLT 12.0")
supply.write("OUTP ON")
results = {"read": supply.query("MEAS:VOLT?")}
