class Plant:
    value = 0.0

    def put(self, u):
        self.value += 0.1 * (u - self.value)


plant, integral, trace = Plant(), 0.0, []
for _ in range(100):
    error = 1.0 - plant.value
    integral += 0.05 * error
    plant.put(2.0 * error + integral)
    trace.append(plant.value)
results = {"last": trace[-1]}
