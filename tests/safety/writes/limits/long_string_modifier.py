from osprey.runtime import write_channel

write_channel("LOG:COMMENT.VAL$", "x" * 400)
write_channel('SR:HC04:SP.VAL{"dbnd":{"abs":0}}', 9.0)
results = {}
