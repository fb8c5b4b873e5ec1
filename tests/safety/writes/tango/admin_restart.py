import tango

server = tango.DeviceProxy("dserver/PowerSupply/sr01")
server.command_inout("RestartServer")
results = {"restarted": server.dev_name()}
