from osprey import runtime

while True:
    runtime._link.call("read", channels=["INJ:KICK:WF"] * 20_000, partial=True, line=3)
