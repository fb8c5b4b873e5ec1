steps = "\n".join(f"caput SR:HC{n:02d}:SP {n / 10:.2f}" for n in range(1, 4))
print(steps)
results = {"for_the_logbook": steps}
