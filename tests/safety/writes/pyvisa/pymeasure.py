from pymeasure.instruments.keithley import Keithley2400

smu = Keithley2400("GPIB::24")
smu.apply_voltage()
smu.source_voltage = 80.0
smu.enable_source()
results = {"i": smu.current}
