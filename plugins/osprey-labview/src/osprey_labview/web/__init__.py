"""LabVIEW as a web service: the contract of `openapi.yaml`, spoken in batches.

`contract.py` turns values into messages and answers into values, strictly; `client.py` carries them.
"""
