from tango import AttributeProxy

current = AttributeProxy("sr/ps/hc05/current")
present = current.read().value
current.write(present - 0.02)
results = {"present": present}
