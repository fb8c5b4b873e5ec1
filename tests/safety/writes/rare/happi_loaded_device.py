import happi

client = happi.Client.from_config("/reg/happi.cfg")
attenuator = client.load_device(name="at2l0")
attenuator.set_transmission(0.1, wait=True)
results = {"transmission": attenuator.transmission()}
