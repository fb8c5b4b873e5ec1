with open("turns.bin", "wb") as file:
    while True:
        file.write(bytes(1 << 20))
