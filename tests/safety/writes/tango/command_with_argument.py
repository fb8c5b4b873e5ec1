from tango import DeviceProxy, DevState

valve = DeviceProxy("vac/gv/03")
if valve.State() != DevState.CLOSE:
    valve.command_inout("Close")
results = {"state": str(valve.State())}
