import importlib
import sys
from pathlib import Path

Path("lattice_helper.py").write_text("from epics import caput as adjust\n")
sys.path.insert(0, ".")
importlib.invalidate_caches()
helper = importlib.import_module("lattice_helper")
results = {"ok": helper.adjust("SR:HC08:SP", 0.7)}
