SCRIPT = '''
import epics
for k in range(10):
    epics.caput("SR:HC01:SP", k * 0.1)
'''
lines = [line for line in SCRIPT.splitlines() if line.strip()]
results = {"lines": len(lines), "sets": sum("caput" in line for line in lines)}
