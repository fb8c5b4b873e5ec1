import multiprocessing

import epics

if __name__ == "__main__":
    process = multiprocessing.get_context("spawn").Process(target=epics.caput, args=("SR:HC04:SP", 0.2))
    process.start()
    process.join(10)
    results = {"exit": process.exitcode}
