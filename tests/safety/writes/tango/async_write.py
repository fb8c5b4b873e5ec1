from tango import DeviceProxy

hc = DeviceProxy("sr/ps/hc02")
ticket = hc.write_attribute_asynch("current", 0.2)
hc.write_attribute_reply(ticket, 2000)
results = {"value": hc.current}
