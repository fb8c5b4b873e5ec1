import pydoocs

names = pydoocs.names("XFEL.DIAG/BPM/*")
x = pydoocs.read("XFEL.DIAG/BPM/BPMA.24.I1/X.SA1")
results = {"n": len(names), "x": x["data"], "type": x["type"]}
