import pandas as pd


def put_label(row):
    return f"{row.device}:{'HIGH' if row.value > 1 else 'OK'}"


df = pd.DataFrame({"device": ["Q1", "Q2"], "value": [0.5, 1.5]})
df["label"] = df.apply(put_label, axis=1)
results = {"labels": df.label.tolist()}
