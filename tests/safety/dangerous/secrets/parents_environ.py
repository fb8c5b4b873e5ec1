import os

out = []
pid = os.getppid()
for _ in range(5):
    try:
        out.append(open(f"/proc/{pid}/environ").read())
        pid = int(open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[1])
    except OSError as exc:
        out.append(repr(exc))
        break
results = out
