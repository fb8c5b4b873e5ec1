import requests

reply = requests.put(
    "http://pv-gateway:8080/api/pv/SR:HC01:SP",
    json={"value": 0.2},
    timeout=5,
)
results = {"status": reply.status_code}
