"""The seeds' functions of approval, with their names and signatures; import them from `osprey.approval`.

`builders` and `channel_writes` file requests and give what an interrupt carries, `resuming` reads what was decided,
`services` runs a service whose questions are asked in the graph around it, `manager` and `evaluators` say what the
configuration wants asked. All of them are a way to the stored requests of this room: what counts is what stands there.
"""
