import io
import pdb

commands = io.StringIO("!import epics; epics.caput('SR:HC05:SP', 0.3)\nq\n")
debugger = pdb.Pdb(stdin=commands, stdout=io.StringIO())
try:
    debugger.run("pass")
except BaseException as exc:
    print(type(exc).__name__)
results = {}
