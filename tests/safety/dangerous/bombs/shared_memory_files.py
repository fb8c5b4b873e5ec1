import os

for folder in ("/dev/shm", "/tmp", os.getcwd()):
    with open(os.path.join(folder, "fill"), "wb") as file:
        for _ in range(600):
            file.write(bytes(1 << 20))
