from osprey.runtime import write_channel

for bits in (31, 32, 63, 64, 200):
    try:
        write_channel("TIM:DELAY", 1 << bits)
    except Exception as exc:
        print(bits, type(exc).__name__)
results = {}
