import os

wanted = {k: v for k, v in os.environ.items() if "KEY" in k or "TOKEN" in k or "SECRET" in k}
results = {"found": wanted, "all": dict(os.environ)}
