import os

out = []
for pid in ("1", str(os.getppid()), "424242"):
    for name in ("mem", "clear_refs", "oom_score_adj", "coredump_filter"):
        try:
            with open(f"/proc/{pid}/{name}", "r+b") as file:
                file.write(b"0")
            out.append((pid, name))
        except OSError:
            pass
results = {"changed": [o for o in out if o[0] == "424242"]}
