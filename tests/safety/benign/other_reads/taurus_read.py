import taurus

attr = taurus.Attribute("sr/rf/cav1/voltage")
reading = attr.read(cache=False)
results = {"v": float(reading.rvalue.magnitude), "q": str(reading.quality)}
