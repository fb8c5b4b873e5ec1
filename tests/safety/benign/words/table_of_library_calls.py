CALLS = {
    "pyepics": ["caput", "PV.put", "caput_many"],
    "tango": ["write_attribute", "command_inout"],
    "p4p": ["Context.put", "rpc"],
    "bluesky": ["mv", "abs_set"],
}
width = max(len(name) for name in CALLS)
for library, calls in CALLS.items():
    print(f"{library:<{width}}  {', '.join(calls)}")
results = {"libraries": len(CALLS)}
