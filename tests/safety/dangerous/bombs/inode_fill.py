import os

n = 0
while True:
    os.makedirs(f"d{n % 100}", exist_ok=True)
    open(f"d{n % 100}/{n}", "w").close()
    n += 1
