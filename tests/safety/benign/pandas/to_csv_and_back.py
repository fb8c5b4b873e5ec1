import io

import pandas as pd

df = pd.DataFrame({"channel": ["SR:HC01:SP"], "caput": [0.1]})
df.to_csv("proposal.csv", index=False)
buffer = io.StringIO()
df.to_json(buffer, orient="records")
results = {"same": pd.read_csv("proposal.csv").equals(df), "json": buffer.getvalue()}
