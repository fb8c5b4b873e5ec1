import os

os.environ["MPLBACKEND"] = "Agg"
os.environ.setdefault("GAIN", "0.4")
results = {"gain": float(os.environ["GAIN"]), "cwd": os.path.basename(os.getcwd())}
