import epics

mode = epics.caget("INJ:MODE", as_string=True)
shutter = epics.caget("FE04:SHUTTER", as_string=True)
results = {"mode": mode, "shutter": shutter}
