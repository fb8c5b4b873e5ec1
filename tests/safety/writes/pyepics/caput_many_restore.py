import json

import epics

with open("golden.json", encoding="utf-8") as snapshot:
    golden = json.load(snapshot)
names = sorted(golden)
status = epics.caput_many(names, [golden[n] for n in names], wait="all", put_timeout=10)
results = {"restored": sum(s == 1 for s in status), "of": len(names)}
