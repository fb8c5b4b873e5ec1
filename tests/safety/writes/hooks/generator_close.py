import epics


def watch():
    try:
        while True:
            yield epics.caget("SR:DCCT")
    finally:
        epics.caput("SR:HC08:SP", 0)


w = watch()
first = next(w)
w.close()
results = {"first": first}
