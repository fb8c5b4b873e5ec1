"""Tango for Osprey. `plugin.py` declares; everything else is imported on first use."""
