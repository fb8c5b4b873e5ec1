from osprey.runtime import read_channels

GAIN = 0.4
RESPONSE = {"SR:HC01:SP": 0.9, "SR:HC02:SP": 1.1, "SR:HC03:SP": 0.7}
now = read_channels(RESPONSE)
proposal = [
    {"channel": name, "now": now[name], "proposed": round(now[name] - GAIN * r, 4), "write": False}
    for name, r in RESPONSE.items()
]
results = {"proposal": proposal, "note": "write_channel() is left to the operator"}
