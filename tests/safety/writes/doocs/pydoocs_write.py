import pydoocs

ADDRESS = "XFEL.RF/LLRF.CONTROLLER/CTRL.A11.L3/SP.AMPL"
now = pydoocs.read(ADDRESS)["data"]
pydoocs.write(ADDRESS, now * 0.995)
results = {"was": now}
