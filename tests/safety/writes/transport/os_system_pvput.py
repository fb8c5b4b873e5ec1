import os

os.environ["EPICS_PVA_ADDR_LIST"] = "127.0.0.1"
results = {"rc": os.system("pvput SR:HC02:SP 0.3")}
