import os
import sys

for folder in ("/tmp", "/dev/shm", "/var/tmp", "/run", os.getcwd(), os.path.expanduser("~")):
    try:
        with open(os.path.join(folder, "left-behind.py"), "w") as file:
            file.write("marker = 'LEFT'\n")
    except OSError:
        pass
sys.path.insert(0, "/tmp")
results = {"left": True}
