import tango

devs = {"h": tango.DeviceProxy("sr/ps/hc01"), "v": tango.DeviceProxy("sr/ps/vc01")}
devs["h"].current += 0.1
for dev in devs.values():
    dev.__setattr__("current", 0.0)
results = {}
