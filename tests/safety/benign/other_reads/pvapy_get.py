import pvaccess

c = pvaccess.Channel("SR:DCCT", pvaccess.CA)
d = c.get("field(value,alarm,timeStamp)").toDict()
results = {"value": d["value"], "alarm": d["alarm"]["severity"]}
