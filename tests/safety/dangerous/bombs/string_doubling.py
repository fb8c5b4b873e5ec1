s = "osprey"
while True:
    s += s
