channels = {"SR:HC01:SP", "SR:HC02:SP"}
channels.add("SR:HC03:SP")
channels.update({"SR:VC01:SP"})
channels.discard("SR:HC02:SP")
frozen = frozenset(channels)
results = {"n": len(set(frozen)), "sorted": sorted(channels)}
