from tango.futures import DeviceProxy

sx = DeviceProxy("sr/ps/sx1")
pending = sx.write_attribute("current", 21.0, wait=False)
pending.result(timeout=3)
results = {"current": sx.read_attribute("current").value}
