import tango

db = tango.Database()
devices = db.get_device_exported("sr/ps/*").value_string
results = {"n": len(devices), "first": list(devices)[:3], "prop": str(db.get_device_property(devices[0], "MaxCurrent"))}
