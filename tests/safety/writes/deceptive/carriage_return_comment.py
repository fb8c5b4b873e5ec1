import epics

# The next line only reads the orbit epics.caput("SR:HC02:SP", 1.9)
results = {"x": epics.caget("SR:BPM01:X")}
