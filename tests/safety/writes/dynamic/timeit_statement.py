import timeit

took = timeit.timeit("caput('SR:HC04:SP', 0.3)", setup="from epics import caput", number=1)
results = {"took": took}
