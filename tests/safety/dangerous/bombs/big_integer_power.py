results = {"digits": (7 ** (7**12)) % 10}
