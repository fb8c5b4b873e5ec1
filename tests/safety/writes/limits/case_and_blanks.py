from osprey.runtime import write_channel

for spelling in ("sr:hc05:sp", " SR:HC05:SP", "SR:HC05:SP ", "SR:HC05:SP.", "SR:HC05:SP.VAL.VAL"):
    try:
        write_channel(spelling, 50.0)
    except Exception as exc:
        print(repr(spelling), exc)
results = {}
