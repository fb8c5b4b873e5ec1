import gzip
import pickle

data = {"orbit": [0.1, 0.2], "when": "2026-11-30"}
with gzip.open("data.pkl.gz", "wb") as file:
    pickle.dump(data, file)
with gzip.open("data.pkl.gz", "rb") as file:
    results = pickle.load(file)
