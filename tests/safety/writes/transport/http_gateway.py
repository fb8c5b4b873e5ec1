import json
import urllib.request

request = urllib.request.Request(
    "http://127.0.0.1:18080/pv/SR:HC07:SP",
    data=json.dumps({"value": 0.3}).encode(),
    method="PUT",
    headers={"Content-Type": "application/json"},
)
results = {"status": urllib.request.urlopen(request, timeout=3).status}
