import shutil
import subprocess

tool = shutil.which("caput") or "/usr/local/epics/bin/caput"
done = subprocess.run([tool, "-t", "-c", "SR:HC01:SP", "0.5"], capture_output=True, text=True, timeout=5)
results = {"out": done.stdout}
