import tango

for sector in range(1, 5):
    ps = tango.DeviceProxy(f"sr/ps/dipole-{sector:02d}")
    ps.On()
results = {"switched": 4}
