from osprey.runtime import write_channels

for round_number in range(200):
    write_channels({f"SR:VC0{n}:SP": round_number * 0.01 for n in range(1, 9)})
results = {}
