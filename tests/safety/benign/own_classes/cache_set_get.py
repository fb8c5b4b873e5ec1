class Cache(dict):
    def set(self, key, value):
        self[key] = value

    def write(self, pairs):
        self.update(pairs)


cache = Cache()
cache.set("SR:DCCT", 400)
cache.write({"SR:RF:FREQ": 499654000})
results = dict(cache)
