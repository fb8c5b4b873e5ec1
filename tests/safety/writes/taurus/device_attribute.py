import taurus

dev = taurus.Device("sr/ps/hc06")
attr = dev.getAttribute("current")
attr.write(0.11)
results = {"w": attr.read().wvalue.magnitude}
