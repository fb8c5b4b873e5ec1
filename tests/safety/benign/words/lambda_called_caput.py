caput = lambda name, value: f"{name} <- {value}"  # noqa: E731
lines = [caput(n, v) for n, v in (("SR:HC01:SP", 0.1), ("SR:HC02:SP", 0.2))]
results = {"lines": lines}
