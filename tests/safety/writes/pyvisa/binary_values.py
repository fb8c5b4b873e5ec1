import numpy as np
import pyvisa as visa

awg = visa.ResourceManager().open_resource("USB0::0x0957::0x2807::MY00001::INSTR")
wave = (np.sin(np.linspace(0, 2 * np.pi, 512)) * 32767).astype("int16")
awg.write_binary_values("DATA:DAC VOLATILE,", wave, datatype="h", is_big_endian=True)
results = {"points": int(wave.size)}
