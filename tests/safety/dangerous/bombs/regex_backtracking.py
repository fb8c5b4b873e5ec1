import re

results = {"m": bool(re.match(r"(a+)+$", "a" * 64 + "!"))}
