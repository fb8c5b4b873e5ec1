while True:
    print("orbit " * 200)
