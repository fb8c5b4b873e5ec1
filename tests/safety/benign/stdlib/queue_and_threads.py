import queue
import threading

jobs, done = queue.Queue(), []


def worker():
    while (item := jobs.get()) is not None:
        done.append(item**2)
        jobs.task_done()


t = threading.Thread(target=worker)
t.start()
for n in range(5):
    jobs.put(n)
jobs.put(None)
t.join()
results = {"done": done}
