import epics

for text in ("1e999", "-Infinity", "nan"):
    try:
        epics.caput("SR:HC02:SP", float(text))
    except Exception as exc:
        print(text, exc)
results = {}
