import taurus

sp = taurus.Attribute("ca:SR:HC01:SP")
print(sp.read().rvalue)
sp.write(0.4)
results = {}
