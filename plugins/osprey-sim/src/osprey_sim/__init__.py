"""A simulated storage ring: connector, archiver, soft IOC and the `osprey sim` commands.

The ring is a pure function of its seed, the history of its setpoints, and the time. Nothing here is imported
by others except through the registrations of `osprey_sim.plugin`.
"""
