from tango import DeviceProxy

q1 = DeviceProxy("sr/ps/q1")
old = q1.current
q1.current = old * 1.01
results = {"old": old, "new": q1.current}
