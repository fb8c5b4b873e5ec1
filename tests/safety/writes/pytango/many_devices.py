from PyTango import DeviceProxy as DP

devices = {name: DP(name) for name in ("booster/ps/qf", "booster/ps/qd")}
for name, setpoint in {"booster/ps/qf": 102.4, "booster/ps/qd": 98.1}.items():
    devices[name].write_attributes([("current", setpoint), ("rampTime", 2.0)])
results = {name: dev.current for name, dev in devices.items()}
