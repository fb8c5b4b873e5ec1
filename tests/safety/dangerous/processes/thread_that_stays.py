import threading
import time

threading.Thread(target=lambda: time.sleep(10_000)).start()
results = {"left": True}
