import pyads

plc = pyads.Connection("192.0.2.70.1.1", pyads.PORT_TC3PLC1)
plc.open()
plc.write_by_name("GVL.fMirrorPitch", 1.27, pyads.PLCTYPE_LREAL)
angle = plc.read_by_name("GVL.fMirrorPitchAct", pyads.PLCTYPE_LREAL)
plc.close()
results = {"angle": angle}
