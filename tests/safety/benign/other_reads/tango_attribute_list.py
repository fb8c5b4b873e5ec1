from tango import AttrWriteType, DeviceProxy

dev = DeviceProxy("sr/ps/q1")
writable = [a.name for a in dev.attribute_list_query() if a.writable != AttrWriteType.READ]
results = {"writable": writable, "timeout": dev.get_timeout_millis()}
