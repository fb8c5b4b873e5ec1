from caproto.sync.client import read, write

old = read("SR:HC05:SP").data[0]
write("SR:HC05:SP", float(old) - 0.07, notify=True, timeout=2)
results = {"old": float(old)}
