from databroker import Broker

db = Broker.named("beamline")
header = db[-1]
table = header.table()
results = {"plan": header.start["plan_name"], "rows": len(table)}
