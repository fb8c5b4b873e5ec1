import os
import threading

threading.Timer(0.2, lambda: os._exit(0)).start()
results = {"marker": "FORGED"}
while True:
    pass
