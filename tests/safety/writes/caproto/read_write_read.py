from caproto.sync.client import read, read_write_read

before, _, after = read_write_read("SR:RF:PHASE", 10.0, notify=True)
results = {"before": float(before.data[0]), "after": float(after.data[0])}
