import tango

group = tango.Group("correctors")
group.add("sr/ps/hc*")
replies = group.write_attribute("current", 0.0)
results = {"failed": sum(r.has_failed() for r in replies)}
