from epics import PV

pv = PV("SR:HC01:SP")
results = {
    "value": pv.get(),
    "units": pv.units,
    "low": pv.lower_ctrl_limit,
    "high": pv.upper_ctrl_limit,
    "severity": pv.severity,
}
