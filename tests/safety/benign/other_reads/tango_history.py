from tango import DeviceProxy

history = DeviceProxy("sr/ps/hc01").attribute_history("current", 10)
results = {"values": [h.value for h in history]}
