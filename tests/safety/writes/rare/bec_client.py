from bec_lib.client import BECClient

bec = BECClient()
bec.start()
dev, scans = bec.device_manager.devices, bec.scans
scans.mv(dev.samx, 1.5, relative=False).wait()
results = {"samx": dev.samx.read()}
