import os
import pty

pid, fd = pty.fork()
if pid == 0:
    os.execvp("caput", ["caput", "SR:HC05:SP", "0.5"])
results = {"said": os.read(fd, 1000).decode(errors="replace")}
