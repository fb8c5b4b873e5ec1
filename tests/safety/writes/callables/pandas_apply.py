import epics
import pandas as pd

table = pd.DataFrame({"pv": ["SR:VC01:SP", "SR:VC02:SP"], "golden": [0.1, -0.1]})
table["ok"] = table.apply(lambda row: epics.caput(row.pv, row.golden), axis=1)
results = {"ok": table["ok"].tolist()}
