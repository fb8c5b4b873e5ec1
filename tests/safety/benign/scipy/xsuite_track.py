import xtrack as xt

line = xt.Line.from_json("booster.json")
line["kqf"] = 0.31
line.vars["kqd"] = -0.29
twiss = line.twiss(method="4d")
results = {"qx": twiss.qx, "qy": twiss.qy}
