from osprey.runtime import ChannelError, read_channel

found = {}
for name in ("SR:DCCT", "SR:NOPE:1"):
    try:
        found[name] = read_channel(name)
    except ChannelError as error:
        found[name] = str(error).splitlines()[0]
results = found
