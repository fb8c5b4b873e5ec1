from labjack import ljm

handle = ljm.openS("T7", "ETHERNET", "192.0.2.91")
ljm.eWriteName(handle, "DAC0", 2.5)
temperature = ljm.eReadName(handle, "AIN0")
ljm.close(handle)
results = {"t": temperature}
