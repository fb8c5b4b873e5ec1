LOG = []


def caput(name, value, wait=False):
    """Collect what would be set, for the report."""
    LOG.append((name, value))
    return 1


for n in range(3):
    caput(f"SR:HC{n + 1:02d}:SP", n * 0.1, wait=True)
results = {"would_set": LOG}
