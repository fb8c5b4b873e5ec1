import tango

bpm = tango.DeviceProxy("sr/bpm/05")
bpm.poll_attribute("XPosSA", 100)
bpm.set_timeout_millis(3000)
results = {"polled": bpm.is_attribute_polled("XPosSA")}
