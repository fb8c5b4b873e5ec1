import nidaqmx

with nidaqmx.Task() as task:
    task.ao_channels.add_ao_voltage_chan("Dev1/ao0", min_val=-5, max_val=5)
    task.write(1.8, auto_start=True)
results = {"volts": 1.8}
