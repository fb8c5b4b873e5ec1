import tango

dev = tango.DeviceProxy("sr/ps/hc01")
values = {a.name: a.value for a in dev.read_attributes(["current", "voltage"])}
results = {"state": str(dev.state()), **values}
