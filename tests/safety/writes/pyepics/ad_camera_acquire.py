from epics.devices import AD_Camera

cam = AD_Camera("BL04:CAM1:")
cam.AcquireTime = 0.02
cam.Acquire = 1
results = {"exposure": cam.AcquireTime}
