"""LabVIEW over OPC UA and HTTP/JSON. This module is imported by listings: it declares, and imports nothing else."""
