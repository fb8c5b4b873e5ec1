import shlex

COMMAND = "caput -c SR:HC01:SP 0.5 && rm -rf /"
results = {"words": shlex.split(COMMAND)}
