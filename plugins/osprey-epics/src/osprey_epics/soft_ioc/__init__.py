"""Soft IOCs written from a channel list: `osprey generate soft-ioc`.

`plans` decides what record each channel becomes, `pairs` which read-back follows which set point, `writing` puts
files together from `program`, which is the generated IOC itself. Nothing here imports softioc, and an overlay of
the facility is never imported by Osprey: both happen in the IOC's own process.
"""
