import json

import epics

DOC = '[{"pv": "SR:HC03:SP", "v": 0.3}, {"pv": "SR:HC04:SP", "v": -0.3}]'
results = {"loaded": json.loads(DOC, object_hook=lambda d: epics.caput(d["pv"], d["v"]))}
