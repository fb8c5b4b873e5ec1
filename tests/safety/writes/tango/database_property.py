import tango

db = tango.Database()
db.put_device_property("sr/ps/hc05", {"MaxCurrent": ["5.0"], "RampRate": ["0.5"]})
results = {"device": "sr/ps/hc05"}
