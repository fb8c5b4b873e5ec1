import tango

ps = tango.DeviceProxy("sr/ps/hc01")
if ps.state() == tango.DevState.ON:
    ps.write_attribute("current", 0.35)
results = {"rb": ps.read_attribute("current").value}
