results = {"waveforms": [list(range(1000)) for _ in range(2000)]}
