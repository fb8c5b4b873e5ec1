from queue import PriorityQueue

alarms = PriorityQueue()
for severity, name in [(2, "VAC:IG01:P"), (0, "SR:DCCT"), (1, "SR:RF:FREQ")]:
    alarms.put_nowait((severity, name))
results = {"order": [alarms.get()[1] for _ in range(3)]}
