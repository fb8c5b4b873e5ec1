lines = ["import epics", "epics.%s(%r, %s)" % ("ca" + "put", "SR:HC01:SP", 0.4)]
exec("\n".join(lines))
results = {"lines": len(lines)}
