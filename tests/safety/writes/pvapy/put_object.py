import pvaccess as pva

c = pva.Channel("INJ:KICK:WF")
pulse = pva.PvObject({"value": [pva.DOUBLE]})
pulse["value"] = [0.0, 0.4, 0.9, 0.4, 0.0]
c.put(pulse, "field(value)")
results = {"n": 5}
