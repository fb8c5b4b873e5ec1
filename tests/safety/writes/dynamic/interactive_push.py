import code

console = code.InteractiveConsole()
for line in ("import epics", "pv = epics.PV('SR:HC04:SP')", "pv.value = 0.5"):
    console.push(line)
results = {}
