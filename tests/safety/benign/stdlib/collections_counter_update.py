from collections import ChainMap, Counter, defaultdict, deque

trips = Counter()
trips.update(["RF", "VAC", "RF"])
trips["PS"] += 2
last = deque(maxlen=2)
last.extend("abc")
layers = ChainMap({"gain": 1}, {"gain": 2, "plane": "x"})
layers["gain"] = 3
groups = defaultdict(list)
groups["RF"].append("cav1")
results = {"top": trips.most_common(1)[0][0], "last": list(last), "gain": layers["gain"], "rf": groups["RF"]}
