import sys

from osprey.runtime import write_channel


def hook(event, args):
    if event == "open" and not hook.done:
        hook.done = True
        write_channel("SR:VC04:SP", 1.0)


hook.done = False
sys.addaudithook(hook)
open("notes.txt", "w").close()
results = {}
