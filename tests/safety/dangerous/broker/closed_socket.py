import os

os.close(3)
results = {"marker": "FORGED"}
