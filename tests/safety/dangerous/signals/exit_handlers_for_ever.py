import atexit
import threading


def again():
    while True:
        pass


atexit.register(again)
threading.Thread(target=again, daemon=True).start()
results = {"ended": True}
