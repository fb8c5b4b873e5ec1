import multiprocessing as mp


def apply(item):
    import epics

    return epics.caput(*item)


if __name__ == "__main__":
    with mp.get_context("fork").Pool(2) as pool:
        results = {"ok": pool.map(apply, [("SR:HC01:SP", 0.1), ("SR:HC02:SP", 0.2)])}
