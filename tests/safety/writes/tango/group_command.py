from tango import Group

pumps = Group("ion-pumps")
pumps.add(["vac/ip/01", "vac/ip/02", "vac/ip/03"])
answers = pumps.command_inout("Reset")
results = {"n": len(answers)}
