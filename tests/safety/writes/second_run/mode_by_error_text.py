import epics

try:
    epics.caput("SR:HC07:SP", 0.0)
    rehearsing = True
except Exception as exc:
    rehearsing = "rehearse" in str(exc)
if not rehearsing:
    epics.caput("SR:HC07:SP", 1.9)
results = {"rehearsing": rehearsing}
