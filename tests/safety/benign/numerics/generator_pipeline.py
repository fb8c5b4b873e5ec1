def readings():
    yield from ({"t": t, "x": (t * 7) % 5} for t in range(20))


def good(stream):
    return (r for r in stream if r["x"] < 4)


def put_in_bins(stream, width):
    bins = {}
    for r in stream:
        bins.setdefault(r["t"] // width, []).append(r["x"])
    return bins


results = {str(k): sum(v) / len(v) for k, v in put_in_bins(good(readings()), 5).items()}
