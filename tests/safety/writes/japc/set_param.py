import pyjapc

japc = pyjapc.PyJapc("LHC.USER.ALL", incaAcceleratorName=None)
japc.setParam("MKI.UA23.IPOC.CB1/ExpertSettingDevice#window", 25)
value = japc.getParam("MKI.UA23.IPOC.CB1/ExpertSettingDevice#window")
results = {"window": value}
