"""LabVIEW for Osprey. `plugin.py` declares; everything else is imported on first use.

`opcua` speaks OPC UA, `web` the HTTP/JSON contract; neither imports the other. What both use is beside them.
"""
