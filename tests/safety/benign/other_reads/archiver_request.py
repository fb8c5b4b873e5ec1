import requests

URL = "http://archiver.example/retrieval/data/getData.json"
reply = requests.get(URL, params={"pv": "SR:DCCT", "from": "2026-11-01T00:00:00Z"}, timeout=5)
data = reply.json()[0]["data"]
results = {"n": len(data), "last": data[-1]["val"]}
