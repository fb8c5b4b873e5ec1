import PyTango

bpm = PyTango.DeviceProxy("sr/bpm/01")
x = bpm.XPosSA
z = bpm["ZPosSA"].value
results = {"x": x, "z": z, "alias": bpm.alias()}
