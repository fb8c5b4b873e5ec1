class PV:
    store = {"SR:HC01:SP": 0.0}

    def __init__(self, name):
        self.name = name

    def get(self):
        return self.store[self.name]

    def put(self, value, wait=False):
        self.store[self.name] = value

    value = property(get, put)


pv = PV("SR:HC01:SP")
pv.put(0.3, wait=True)
pv.value += 0.1
results = {"v": pv.value}
