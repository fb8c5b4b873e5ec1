from osprey.runtime import channel_info, read_channel

value = read_channel("SR:DCCT")
info = channel_info("SR:DCCT")["SR:DCCT"]
results = {"text": f"{value:.1f} {info['unit']}", "stored": value > 1}
