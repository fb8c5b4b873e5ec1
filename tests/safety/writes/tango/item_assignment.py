import tango

cavity = tango.DeviceProxy("sr/rf/cav1")
cavity["voltage"] = 0.62
results = {"w": cavity["voltage"].w_value}
