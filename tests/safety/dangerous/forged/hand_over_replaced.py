import sys

for name, module in list(sys.modules.items()):
    if name.endswith("bootstrap") and "guest" in name:
        module._results = lambda program: ({"marker": "replaced"}, ["signed by the parent"])
        module._flush = lambda: None
results = {"marker": "original"}
