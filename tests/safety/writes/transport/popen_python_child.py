import subprocess
import sys

child = subprocess.Popen([sys.executable, "-"], stdin=subprocess.PIPE, text=True)
child.communicate("import epics\nepics.caput('SR:HC03:SP', 0.4, wait=True)\n")
results = {"rc": child.returncode}
