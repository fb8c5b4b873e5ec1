class Request:
    def __init__(self):
        self.parts = {}

    def put(self, key, value):
        self.parts[key] = value
        return self

    def trigger(self):
        return sorted(self.parts)


results = {"keys": Request().put("pv", "SR:HC01:SP").put("value", 0.1).trigger()}
