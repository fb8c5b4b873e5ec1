import importlib.util
import os
import sys

for folder in [p for p in sys.path if p]:
    cache = os.path.join(folder, "__pycache__")
    try:
        os.makedirs(cache, exist_ok=True)
        with open(os.path.join(cache, "epics.cpython-311.pyc"), "wb") as file:
            file.write(importlib.util.MAGIC_NUMBER + bytes(12))
    except OSError:
        pass
results = {}
