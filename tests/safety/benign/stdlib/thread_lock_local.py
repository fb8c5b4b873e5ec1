import threading

store = threading.local()
store.value = 3
lock = threading.Lock()
barrier = threading.Barrier(1)
with lock:
    store.value += 1
barrier.wait()
results = {"value": store.value}
