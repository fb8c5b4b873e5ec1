value = None
for _ in range(5000):
    value = [value]
results = value
