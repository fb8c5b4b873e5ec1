import pandas as pd

df = pd.DataFrame({"set": [1.0, 2.0, 3.0], "read": [1.1, 2.0, 2.7]})
df = df.eval("error = read - `set`")
worst = df.query("abs(error) > 0.05")
results = {"worst": worst.index.tolist()}
