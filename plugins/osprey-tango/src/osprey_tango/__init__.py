"""Tango for Osprey. `plugin` and the settings are light; everything else is imported on first use.

`connector` holds the implementation of the `Connector` protocol; what it stands on, from the ground up:

- `names`: device and attribute; `faults`: Tango's reasons in our words; `breaker`: when a device is left alone;
- `lanes`: threads, and one call at a time to a device; `device`: its proxies and what is known of it;
  `system`: all devices;
- `readings`, `description`, `encoding`: values and configurations, in both directions;
- `asking`: reads, descriptions and probes of one device; `putting`: the only module that changes something;
- `updates`, `watching`: change events and polling; `discovery`: the database.

`hdbpp` is the archive.
"""
