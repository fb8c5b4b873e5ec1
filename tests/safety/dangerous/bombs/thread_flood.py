import threading

hold = threading.Event()
while True:
    threading.Thread(target=hold.wait, daemon=True).start()
