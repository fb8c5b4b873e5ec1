import pandas as pd

pressure = pd.Series([1e-9, 1e-9, 5e-9, 8e-8, 9e-8, 2e-9])
alarm = pressure.rolling(2).mean() > 1e-8
pressure.update(pd.Series({0: 2e-9}))
results = {"alarms": int(alarm.sum()), "first": float(pressure[0])}
