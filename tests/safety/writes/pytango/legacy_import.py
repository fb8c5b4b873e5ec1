import PyTango

gun = PyTango.DeviceProxy("linac/gun/hv")
gun.write_attribute("voltage", 89.5)
PyTango.DeviceProxy("linac/gun/filament").command_inout("StandBy")
results = {"hv": gun.read_attribute("voltage").value}
