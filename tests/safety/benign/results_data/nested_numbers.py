import math

results = {
    f"sector {n}": {"beta": [3 + math.cos(k) for k in range(4)], "ok": n != 2, "note": None} for n in range(1, 5)
}
