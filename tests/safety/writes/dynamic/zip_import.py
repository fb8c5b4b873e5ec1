import sys
import zipfile

with zipfile.ZipFile("bundle.zip", "w") as bundle:
    bundle.writestr("optics.py", "import epics\nepics.caput('SR:VC01:SP', 0.2)\n")
sys.path.insert(0, "bundle.zip")
import optics  # noqa: E402, F401

results = {"from": optics.__file__}
