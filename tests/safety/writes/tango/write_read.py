import tango

dev = tango.DeviceProxy("sr/ps/vc04")
answer = dev.write_read_attribute("current", -0.12)
results = {"w": answer.w_value, "r": answer.value}
