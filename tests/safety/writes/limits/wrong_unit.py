from osprey.runtime import write_channel

write_channel("LTB:Q1:SETPT", 4200.0, unit="mA")
write_channel("LTB:Q1:SETPT", 4200.0, unit="A\u200b")
results = {}
