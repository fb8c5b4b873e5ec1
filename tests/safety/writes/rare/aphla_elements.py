import aphla as ap

ap.machines.load("ring")
for corr in ap.getElements("HCOR")[:4]:
    corr.put("x", 0.0, unitsys=None)
results = {"n": 4}
