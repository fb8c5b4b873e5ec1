import os

for _ in range(10):
    os.write(3, b"\0\0\0\0")
os.read(3, 10)
