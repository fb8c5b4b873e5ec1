class DeviceProxy:
    def __init__(self, name):
        self.__dict__.update(name=name, values={})

    def __setattr__(self, key, value):
        self.values[key] = value

    def write_attribute(self, key, value):
        self.values[key] = value

    def command_inout(self, command):
        return f"{self.name}/{command}"


dev = DeviceProxy("sim/ps/1")
dev.current = 1.0
dev.write_attribute("voltage", 2.0)
results = {"values": dev.values, "on": dev.command_inout("On")}
