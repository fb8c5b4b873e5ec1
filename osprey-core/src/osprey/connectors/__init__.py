"""The seeds' way to read and write channels, over the connectors, the archivers and the guard of this product.

`factory` makes what `control_system.base` and `archiver.base` describe. Nothing here talks to a machine by itself:
reads go through the connector of a target, and a write becomes a request that a person decides, carried out by the
guard.
Applications import from here; no other room does.
"""
