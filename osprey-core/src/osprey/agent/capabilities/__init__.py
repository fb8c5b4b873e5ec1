"""The built-in capabilities, one module each, declared in `osprey.plugin` and imported on first use."""
