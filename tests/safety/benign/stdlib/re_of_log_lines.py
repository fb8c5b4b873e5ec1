import re

LOG = """12:01 caput SR:HC01:SP 0.10 ok
12:02 caget SR:DCCT 399.8
12:03 caput SR:HC02:SP 0.20 denied"""
puts = re.findall(r"caput (\S+) (\S+) (\w+)", LOG)
results = {"puts": len(puts), "denied": [p[0] for p in puts if p[2] == "denied"]}
