import re

import epics

script = "set SR:HC01:SP 0.10; set SR:HC02:SP -0.05; get SR:DCCT"


def execute(match):
    return str(epics.caput(match["name"], float(match["value"])))


results = {"log": re.sub(r"set (?P<name>\S+) (?P<value>[-\d.]+)", execute, script)}
