import epics

targets = {"SR:HC01:SP": 0.12, "SR:HC02:SP": -0.08}
plan = []
for channel, target in targets.items():
    now = epics.caget(channel)
    plan.append({"channel": channel, "old": now, "new": target, "step": target - now, "action": "caput"})
results = {"plan": plan}
