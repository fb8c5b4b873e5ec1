import runpy
from pathlib import Path

Path("orbit_tools.py").write_text("import epics\ndone = epics.caput('SR:HC07:SP', 0.6)\n")
results = {"done": runpy.run_path("orbit_tools.py")["done"]}
