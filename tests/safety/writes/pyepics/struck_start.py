from epics.devices import Struck

scaler = Struck("BL04:SIS1:")
scaler.stop()
scaler.ExternalMode()
scaler.set_dwelltime(0.1)
scaler.start()
results = {"channels": scaler.nchannels if hasattr(scaler, "nchannels") else None}
