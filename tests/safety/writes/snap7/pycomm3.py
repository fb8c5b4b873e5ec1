from pycomm3 import LogixDriver

with LogixDriver("192.0.2.71/1") as plc:
    plc.write(("Cryo.Setpoint", 4.5), ("Cryo.Enable", True))
    now = plc.read("Cryo.Level")
results = {"level": now.value}
